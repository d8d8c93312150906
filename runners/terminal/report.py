"""Shows what a report says of a run, as far as a terminal can (no TensorFlow)."""

import logging
from collections.abc import Callable, Iterator, Sequence

from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from components.class_names import show_class
from components.run_report.charts.pictures import decode_picture
from components.run_report.content.evaluation import Evaluation, Misread, Predictions
from components.run_report.content.part import Missing
from components.run_report.content.report import Report
from components.run_report.content.run import Run
from components.run_report.content.search import Search
from components.run_report.content.training import Training
from components.run_report.page.verdict import Verdict, find_verdict
from runners.terminal.pictures import draw_picture
from runners.terminal.sparklines import draw_sparkline
from runners.terminal.tables import make_checks_table, make_exports_table, make_nodes_table
from runners.terminal.trials import make_trials_table

_SHOWN_MISREAD = 4
_SPARKLINE_WIDTH = 40
_STYLES = {"good": "bold green", "warn": "bold yellow", "bad": "bold red"}

logger = logging.getLogger(__name__)


def print_report(report: Report, console: Console) -> None:
    """Prints the verdict, nodes, learning curves, thresholds, and the worst mistakes.

    A part that could not be made, or cannot be shown, is a line that says why.

    Args:
      report: Of the run.
      console: One that takes no text for markup.
    """
    measured = report.measurements
    for part in (
        lambda: _render_verdict(find_verdict(report)),
        lambda: _render_nodes(report.run),
        lambda: _render_curves(measured.training),
        lambda: _render_search(measured.search),
        lambda: _render_checks(measured.evaluation, measured.class_names),
        lambda: _render_exports(report.run),
        lambda: _render_misread(measured.predictions, measured.class_names),
    ):
        for shown in _render(part):
            console.print(shown, soft_wrap=isinstance(shown, Text))


def _render(part: Callable[[], Iterator[RenderableType]]) -> list[RenderableType]:
    try:
        return list(part())
    except Exception as error:  # of numbers and pictures that nobody thought of
        logger.warning("A part of a report cannot be shown", exc_info=True)
        return [Text(f"A part cannot be shown: {type(error).__name__}: {error}", style="dim")]


def _render_verdict(verdict: Verdict) -> Iterator[RenderableType]:
    yield Text(verdict.headline, style=_STYLES[verdict.tone])
    yield from map(Text, verdict.sentences)
    for refusal in verdict.refusals:
        yield Text(f"  {refusal.gate}: {refusal.what}. {refusal.advice}")


def _render_nodes(run: Run | Missing) -> Iterator[RenderableType]:
    if isinstance(run, Run):
        yield make_nodes_table((node.name, node.state, node.seconds) for node in run.nodes)
        yield from (Text(f"{node.name}: {node.cause}") for node in run.nodes if node.cause)


def _render_curves(training: Training | Missing) -> Iterator[RenderableType]:
    if isinstance(training, Missing):
        yield Text(f"Training: {training.reason}", style="dim")
        return
    table = Table(
        title=f"Training: epoch {training.chosen_epoch} was exported",
        title_justify="left",
        box=None,
        padding=(0, 2),
    )
    table.add_column("metric")
    table.add_column("by epoch")
    table.add_column("first", justify="right")
    table.add_column("last", justify="right")
    for curve in training.curves:
        first, last = curve.values[0], curve.values[-1]
        line = draw_sparkline(curve.values, _SPARKLINE_WIDTH)
        table.add_row(curve.name, line, f"{first:.4f}", f"{last:.4f}")
    yield table


def _render_search(search: Search | Missing | None) -> Iterator[RenderableType]:
    if isinstance(search, Missing):
        yield Text(f"Trials: {search.reason}", style="dim")
    elif search:
        yield make_trials_table(search)


def _render_checks(
    evaluation: Evaluation | Missing, class_names: Sequence[str]
) -> Iterator[RenderableType]:
    if isinstance(evaluation, Missing):
        yield Text(f"Evaluation: {evaluation.reason}", style="dim")
    else:
        yield make_checks_table(evaluation.checks, evaluation.metrics, class_names)


def _render_exports(run: Run | Missing) -> Iterator[RenderableType]:
    if isinstance(run, Run) and run.exports:
        yield make_exports_table(run.exports)


def _render_misread(
    predictions: Predictions | Missing, class_names: Sequence[str]
) -> Iterator[RenderableType]:
    if isinstance(predictions, Missing):
        yield Text(f"Misread: {predictions.reason}", style="dim")
        return
    yield Text(f"Misread: {predictions.num_misread:,} of {predictions.num_rows:,}")
    if predictions.misread:
        yield Text("The most confident mistakes:")
        shown = predictions.misread[:_SHOWN_MISREAD]
        yield Columns([_draw_misread(each, class_names) for each in shown])


def _draw_misread(misread: Misread, class_names: Sequence[str]) -> Text:
    label, answer = (show_class(each, class_names) for each in (misread.label, misread.answer))
    told = f"{label} read as {answer}, {misread.probability:.1%} sure"
    return Text(f"{draw_picture(decode_picture(misread.picture))}\n{told}\nrow {misread.row}")
