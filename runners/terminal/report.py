"""Shows what a report says of a run, as far as a terminal can (no TensorFlow)."""

from collections.abc import Iterator

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from components.run_report.charts.pictures import decode_picture
from components.run_report.content.evaluation import Evaluation, Misread, Predictions
from components.run_report.content.part import Missing
from components.run_report.content.report import Report
from components.run_report.content.run import Run
from components.run_report.content.training import Training
from components.run_report.page.verdict import Verdict, find_verdict
from runners.terminal.pictures import draw_picture
from runners.terminal.sparklines import draw_sparkline
from runners.terminal.tables import make_checks_table, make_exports_table, make_nodes_table

_SHOWN_MISREAD = 4
_STYLES = {"good": "bold green", "warn": "bold yellow", "bad": "bold red"}


def print_report(report: Report, console: Console) -> None:
    """Prints the verdict, nodes, learning curves, thresholds, and the worst mistakes.

    A part that could not be made is a line that says why.
    """
    for part in _render(report):
        console.print(part, soft_wrap=isinstance(part, Text))


def _render(report: Report) -> Iterator[RenderableType]:
    measured, run = report.measurements, report.run
    yield from _render_verdict(find_verdict(report))
    if isinstance(run, Run):
        yield make_nodes_table((node.name, node.state, node.seconds) for node in run.nodes)
        yield from (Text(f"{node.name}: {node.cause}") for node in run.nodes if node.cause)
    yield _render_curves(measured.training)
    yield _render_checks(measured.evaluation)
    if isinstance(run, Run) and run.exports:
        yield make_exports_table(run.exports)
    yield _render_misread(measured.predictions)


def _render_verdict(verdict: Verdict) -> Iterator[Text]:
    yield Text(verdict.headline, style=_STYLES[verdict.tone])
    yield from map(Text, verdict.sentences)
    for refusal in verdict.refusals:
        yield Text(f"  {refusal.gate}: {refusal.what}. {refusal.advice}")


def _render_curves(training: Training | Missing) -> RenderableType:
    if isinstance(training, Missing):
        return Text(f"Training: {training.reason}", style="dim")
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
        table.add_row(curve.name, draw_sparkline(curve.values), f"{first:.4f}", f"{last:.4f}")
    return table


def _render_checks(evaluation: Evaluation | Missing) -> RenderableType:
    if isinstance(evaluation, Missing):
        return Text(f"Evaluation: {evaluation.reason}", style="dim")
    return make_checks_table(evaluation.checks)


def _render_misread(predictions: Predictions | Missing) -> RenderableType:
    if isinstance(predictions, Missing):
        return Text(f"Misread: {predictions.reason}", style="dim")
    count = f"Misread: {predictions.num_misread:,} of {predictions.num_rows:,}"
    pictures = [_draw_misread(each) for each in predictions.misread[:_SHOWN_MISREAD]]
    if not pictures:
        return Text(count)
    return Group(Text(f"{count}; the most confident mistakes:"), Columns(pictures))


def _draw_misread(misread: Misread) -> Text:
    told = f"{misread.label} read as {misread.answer}, {misread.probability:.1%} sure"
    return Text(f"{draw_picture(decode_picture(misread.picture))}\n{told}\nrow {misread.row}")
