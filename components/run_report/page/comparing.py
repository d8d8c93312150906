"""Compares two runs: what the one has, what the other has, and the change (no TensorFlow)."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from components.class_names import show_classes_in
from components.evaluation.checks import Check, worth_telling
from components.run_report.content.data import Data
from components.run_report.content.evaluation import Evaluation, Misread, Predictions
from components.run_report.content.origin import Origin
from components.run_report.content.part import Missing
from components.run_report.content.report import Report
from components.run_report.content.run import Run
from components.run_report.content.serving import Serving
from components.run_report.content.training import Training
from components.run_report.page.tables import Table, list_circumstances

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


def have_same_test_rows(reports: Sequence[Report]) -> bool:
    """Returns whether both runs are known to be tested on the very same files."""
    files = [
        _find_test_files(each.measurements.origin)
        for each in reports
        if isinstance(each.measurements.origin, Origin)
    ]
    return len(files) == len(reports) and bool(files[0]) and files[0] == files[1]


def compare_figures(first: Report, second: Report) -> Table:
    """Returns what a person compares first: metrics, mistakes, latency, time."""
    figures = [dict(_list_figures(report)) for report in (first, second)]
    return _compare("Both runs in figures", "figure", figures)


def find_class_names(first: Report, second: Report) -> tuple[str, ...]:
    """Returns how the later run calls classes; of the other one, if it has no names for them."""
    return second.measurements.class_names or first.measurements.class_names


def compare_checks(first: Evaluation, second: Evaluation, class_names: Sequence[str] = ()) -> Table:
    """Returns what of each was held against which threshold."""
    checks = [_name_checks(evaluation) for evaluation in (first, second)]
    rows = [
        (
            show_classes_in(name, class_names),
            *_judge(one),
            *_judge(other),
            _change(_value(one), _value(other)),
        )
        for name in dict.fromkeys([*checks[0], *checks[1]])
        for one, other in [(checks[0].get(name), checks[1].get(name))]
    ]
    header = ("metric", "A", "expected", "B", "expected", "change")
    return Table("What was held against thresholds", header, rows)


def _name_checks(evaluation: Evaluation) -> dict[str, Check]:
    """Returns the checks by names that two runs have in common, whatever their bounds are."""
    named: dict[str, Check] = {}
    times: Counter[str] = Counter()
    for check in worth_telling(evaluation.checks):
        name = f"{check.metric} of {check.slice}{', at most' if check.is_upper_bound else ''}"
        times[name] += 1
        named[name if times[name] == 1 else f"{name} ({times[name]})"] = check
    return named


def compare_hyperparameters(first: Training, second: Training) -> Table:
    """Returns the settings that differ."""
    settings = [
        {name: str(value) for name, value in each.hyperparameters.items()}
        for each in (first, second)
    ]
    return _list_differences("Hyperparameters that differ", settings)


def compare_origins(first: Origin, second: Origin) -> Table:
    """Returns data, code, packages and machine as far as they differ."""
    title = "Data, code, packages and machine that differ"
    return _list_differences(title, [_describe(each) for each in (first, second)])


def group_misread(first: Predictions, second: Predictions) -> Iterator[Group]:
    """Yields what only the one misread, what only the other one did, and what both did.

    A report keeps the most confident mistakes of a model; where there were more, the groups say of
    how many they are.
    """
    kept = _tell_kept(first, second)
    rows_of_a, rows_of_b = ({each.row for each in of_run.misread} for of_run in (first, second))
    alone = [each for each in first.misread if each.row not in rows_of_b]
    yield Group(f"By A alone{kept}", alone)
    alone = [each for each in second.misread if each.row not in rows_of_a]
    yield Group(f"By B alone{kept}", alone)
    both = [each for each in second.misread if each.row in rows_of_a]
    yield Group(f"By both{kept}, as B read them", both)


def _tell_kept(first: Predictions, second: Predictions) -> str:
    counts = [
        f"the {len(each.misread)} of {each.num_misread:,} mistakes that {run} was surest of"
        for run, each in zip(_RUNS, (first, second), strict=True)
        if len(each.misread) < each.num_misread
    ]
    return f", among {' and '.join(counts)}" if counts else ""


def _find_test_files(origin: Origin) -> dict[str, str]:
    """Returns the SHA-256 of what a model was tested on; of all files if that is not known."""
    names = origin.test_files or origin.data_files
    return {name: origin.data_files[name] for name in names}


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
            _change(first.get(key), second.get(key)),
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
        **{row[0]: row[1] for row in list_circumstances(origin).rows},
    }


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _value(check: Check | None) -> float | None:
    return check.value if check else None


def _judge(check: Check | None) -> tuple[str, str]:
    """Returns a value, and what it was held to."""
    if check is None:
        return "", ""
    verdict = "" if check.passed else f", {check.verdict}"
    rows = "" if check.rows is None else f" of {check.rows:,}"
    return f"{check.received}{rows}{verdict}", check.expected


def _change(first: float | None, second: float | None) -> str:
    if first is None or second is None:
        return ""
    change = second - first
    if not math.isfinite(change):
        return ""
    return f"{change:+,}" if isinstance(change, int) else f"{change:+.4f}"
