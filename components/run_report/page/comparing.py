"""Puts two runs side by side (no TensorFlow)."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from components.run_report.charts.lines import Line, draw_lines
from components.run_report.content.data import Data
from components.run_report.content.evaluation import Evaluation, Misread, Predictions
from components.run_report.content.origin import Origin
from components.run_report.content.part import Missing
from components.run_report.content.report import Report
from components.run_report.content.run import Run
from components.run_report.content.serving import Serving
from components.run_report.content.training import Training
from components.run_report.page.figures import Figure
from components.run_report.page.tables import Table

MAX_SHOWN = 48
"""So many misread examples of each group are shown; all are counted."""

_RUNS = ("A", "B")


class Group(NamedTuple):
    """Misread examples.

    Attributes:
      title: Who misread them.
      misread: The most confident mistakes first.
    """

    title: str
    misread: Sequence[Misread]


def have_both(reports: Sequence[Report], part: str) -> bool:
    """Returns whether both runs have a part of the measurements."""
    return not any(isinstance(getattr(each.measurements, part), Missing) for each in reports)


def have_same_data(reports: Sequence[Report]) -> bool:
    """Returns whether both runs are known to be of the very same files."""
    files = [
        origin.data_files
        for origin in (each.measurements.origin for each in reports)
        if isinstance(origin, Origin)
    ]
    return len(files) == len(reports) and bool(files[0]) and files[0] == files[1]


def are_cut(reports: Sequence[Report]) -> bool:
    """Returns whether a run misread more examples than its report keeps."""
    predictions = (each.measurements.predictions for each in reports)
    return any(
        len(each.misread) < each.num_misread
        for each in predictions
        if isinstance(each, Predictions)
    )


def compare_figures(first: Report, second: Report) -> Table:
    """Returns what a person compares first: metrics, mistakes, latency, time."""
    figures = [dict(_list_figures(report)) for report in (first, second)]
    return _compare("Both runs in figures", "figure", figures)


def compare_checks(first: Evaluation, second: Evaluation) -> Table:
    """Returns what each was held to thresholds with."""
    values = [
        {f"{check.metric} of {check.slice}": check.value for check in evaluation.checks}
        for evaluation in (first, second)
    ]
    return _compare("What was held against thresholds", "metric", values)


def compare_hyperparameters(first: Training, second: Training) -> Table:
    """Returns the settings that differ."""
    settings = [
        {name: str(value) for name, value in each.hyperparameters.items()}
        for each in (first, second)
    ]
    return _list_differences("Hyperparameters that differ", settings)


def compare_origins(first: Origin, second: Origin) -> Table:
    """Returns data, code, packages and machine as far as they differ."""
    return _list_differences("What differs", [_describe(each) for each in (first, second)])


def draw_both_curves(first: Training, second: Training) -> list[Figure]:
    """Returns a chart for each metric that both have, of validation where there is one."""
    return list(_draw_curves(first, second))


def group_misread(first: Predictions, second: Predictions) -> Iterator[Group]:
    """Yields what only the one misread, what only the other one did, and what both did."""
    rows = [{each.row for each in predictions.misread} for predictions in (first, second)]
    yield Group("By A alone", [each for each in first.misread if each.row not in rows[1]])
    yield Group("By B alone", [each for each in second.misread if each.row not in rows[0]])
    yield Group("By both, as B read them", [each for each in second.misread if each.row in rows[0]])


def _list_figures(report: Report) -> Iterator[tuple[str, float]]:
    measured = report.measurements
    if isinstance(measured.data, Data):
        yield from ((f"{split.name} examples", split.rows) for split in measured.data.splits)
    if isinstance(measured.evaluation, Evaluation):
        metrics = measured.evaluation.metrics
        yield from ((name.replace("_", " "), value) for name, value in metrics.items())
    if isinstance(measured.predictions, Predictions):
        yield "misread examples", measured.predictions.num_misread
    if isinstance(measured.serving, Serving):
        latencies = measured.serving.latencies_ms
        yield from ((f"latency {name}, ms", value) for name, value in latencies.items())
    if isinstance(report.run, Run):
        seconds = sum(node.seconds or 0.0 for node in report.run.nodes)
        yield "time of all nodes, s", round(seconds)


def _compare(title: str, name: str, values: Sequence[Mapping[str, float]]) -> Table:
    first, second = values
    rows = [
        (
            key,
            _number(first.get(key)),
            _number(second.get(key)),
            _change(first[key], second[key]) if key in first and key in second else "",
        )
        for key in dict.fromkeys([*first, *second])
    ]
    return Table(title, (name, *_RUNS, "change"), rows)


def _list_differences(title: str, values: Sequence[Mapping[str, str]]) -> Table:
    first, second = values
    rows = [
        (key, first.get(key, ""), second.get(key, ""))
        for key in dict.fromkeys([*first, *second])
        if first.get(key) != second.get(key)
    ]
    return Table(title, ("what", *_RUNS), rows, text_columns=3)


def _describe(origin: Origin) -> dict[str, str]:
    return {
        **{f"SHA-256 of {name}": digest for name, digest in origin.data_files.items()},
        "digest of the code that trained": origin.code_digest or "not known",
        "SHA-256 of the installed packages": origin.lock_digest,
        **origin.versions,
        "machine": origin.machine,
    }


def _draw_curves(first: Training, second: Training) -> Iterator[Figure]:
    curves = [{curve.name: curve.values for curve in each.curves} for each in (first, second)]
    for name in curves[0]:
        if name not in curves[1] or f"val_{name}" in curves[0]:
            continue
        lines = [
            Line(run, [*enumerate(of_run[name], start=1)], f"series-{number}")
            for number, (run, of_run) in enumerate(zip(_RUNS, curves, strict=True), start=1)
        ]
        title = f"{name} by epoch"
        drawing = draw_lines(lines, title=title, x_label="epoch")
        yield Figure(title, drawing, [(line.name, line.css) for line in lines])


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _change(first: float, second: float) -> str:
    change = second - first
    if not math.isfinite(change):
        return ""
    return f"{change:+,}" if isinstance(change, int) else f"{change:+.4f}"
