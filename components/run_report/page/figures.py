"""Draws what a report says, each figure with its legend (no TensorFlow)."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from components.class_names import show_class
from components.run_report.charts.bars import Bars, Steps, draw_bars, draw_steps
from components.run_report.charts.flow import Box, draw_flow
from components.run_report.charts.lines import Line, draw_lines
from components.run_report.charts.points import Points, draw_points
from components.run_report.content.data import Data, Histogram
from components.run_report.content.evaluation import Predictions
from components.run_report.content.run import Run
from components.run_report.content.search import Search, TrialResult
from components.run_report.content.training import Training

_MAX_TICKS = 12
_TONES = {
    "complete": "good",
    "cached": "good",
    "failed": "bad",
    "canceled": "bad",
    "interrupted": "warn",
    "running": "warn",
}


class Figure(NamedTuple):
    """A drawing.

    Attributes:
      title: What it shows.
      drawing: SVG.
      legend: Names and classes of what is drawn; empty where there is but one thing.
    """

    title: str
    drawing: Markup
    legend: Sequence[tuple[str, str]] = ()


def draw_data(data: Data, class_names: Sequence[str] = ()) -> list[Figure]:
    """Returns how classes and numbers are distributed."""
    return [*_draw_classes(data, class_names), *_draw_distributions(data)]


def draw_curves(training: Training) -> list[Figure]:
    """Returns a chart for each metric, of training and validation, with the chosen epoch."""
    return list(_draw_curves(training))


def draw_curves_of_two(first: Training, second: Training) -> list[Figure]:
    """Returns a chart for each metric that both have, of validation where both have that."""
    return list(_draw_curves_of_two(first, second))


def draw_reliability(predictions: Predictions) -> Figure:
    """Returns the share of answers that are right, by how sure the model was."""
    points = [(bucket.confidence, bucket.accuracy) for bucket in predictions.reliability]
    lines = [
        Line("perfectly calibrated", [(0, 0), (1, 1)], f"{_series(3)} dashed"),
        Line("this model", points, _series(0)),
    ]
    title = "Share of right answers, by confidence"
    return Figure(title, draw_lines(lines, title=title, x_label="confidence"), _legend(lines))


def draw_nodes(run: Run) -> Figure:
    """Returns the pipeline as a graph."""
    boxes = [
        Box(
            node.name,
            node.upstream,
            node.state if node.seconds is None else f"{node.state}, {node.seconds:.1f} s",
            _TONES.get(node.state, ""),
        )
        for node in run.nodes
    ]
    counts = {state: sum(node.state == state for node in run.nodes) for state in _TONES}
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    title = f"The pipeline's {len(boxes)} nodes: {told or 'none was reached'}"
    return Figure(title, draw_flow(boxes, title=title))


def draw_history(run: Run) -> list[Figure]:
    """Returns accuracy and time of the runs up to this one, where there are several."""
    return list(_draw_history(run))


def draw_search(search: Search) -> list[Figure]:
    """Returns the score of each trial against each hyperparameter."""
    return list(_draw_search(search))


def _draw_classes(data: Data, class_names: Sequence[str]) -> Iterator[Figure]:
    labels = list(data.splits[0].classes) if data.splits else []
    if labels:
        bars = [
            Bars(
                split.name,
                [_percent(split.classes[label], sum(split.classes.values())) for label in labels],
                _series(number),
            )
            for number, split in enumerate(data.splits)
        ]
        title = "Classes, as % of each split"
        # An axis has no room for names: a pointer that rests on a bar is told them.
        tips = [show_class(label, class_names) for label in labels] if class_names else ()
        drawing = draw_bars(labels, bars, title=title, x_label="class", tips=tips)
        yield Figure(title, drawing, _legend(bars))


def _draw_distributions(data: Data) -> Iterator[Figure]:
    for feature in data.features:
        outlines = [
            Steps(histogram.name, histogram.edges, _densities(histogram), _series(number))
            for number, histogram in enumerate(feature.histograms)
        ]
        title = f"Density of {feature.name}"
        drawing = draw_steps(outlines, title=title, x_label=feature.name)
        yield Figure(title, drawing, _legend(outlines))


def _draw_curves(training: Training) -> Iterator[Figure]:
    curves = {curve.name: curve.values for curve in training.curves}
    for name, values in curves.items():
        if name.startswith("val_"):
            continue
        lines = [Line("training", _by_epoch(values), _series(0))]
        if f"val_{name}" in curves:
            lines.append(Line("validation", _by_epoch(curves[f"val_{name}"]), _series(1)))
        title = f"{name} by epoch"
        drawing = draw_lines(
            lines,
            title=f"{title}; epoch {training.chosen_epoch} was exported",
            x_label="epoch",
            x_ticks=_number(values),
            mark=(training.chosen_epoch, "exported"),
        )
        yield Figure(title, drawing, _legend(lines))


def _draw_curves_of_two(first: Training, second: Training) -> Iterator[Figure]:
    curves = [{curve.name: curve.values for curve in each.curves} for each in (first, second)]
    names = [name for name in curves[0] if name in curves[1]]
    for name in names:
        if f"val_{name}" in names:
            continue
        values = [of_run[name] for of_run in curves]
        lines = [
            Line(run, _by_epoch(of_run), _series(number))
            for number, (run, of_run) in enumerate(zip("AB", values, strict=True))
        ]
        title = f"{name} by epoch"
        ticks = _number(max(values, key=len))
        drawing = draw_lines(lines, title=title, x_label="epoch", x_ticks=ticks)
        yield Figure(title, drawing, _legend(lines))


def _draw_search(search: Search) -> Iterator[Figure]:
    trials = [trial for trial in search.trials if trial.score is not None]
    kinds_of_trials = {
        "other trials": [trial for trial in trials[1:] if trial.number > 1],
        "the values that were in use": [trial for trial in trials[1:] if trial.number == 1],
        "the best": trials[:1],
    }
    for name, value in trials[0].values.items():
        kinds = [
            Points(kind, [_place(trial, name) for trial in of_kind], _series(number))
            for number, (kind, of_kind) in enumerate(kinds_of_trials.items())
            if of_kind
        ]
        is_switch = isinstance(value, bool)
        title = f"Accuracy on eval by {name.replace('_', ' ')}"
        drawing = draw_points(
            kinds,
            title=title,
            x_label=f"{name}: 0 off, 1 on" if is_switch else name,
            x_ticks=(0, 1) if is_switch else None,
        )
        yield Figure(title, drawing, _legend(kinds))


def _place(trial: TrialResult, name: str) -> tuple[float, float]:
    return float(trial.values[name]), trial.score or 0.0


def _draw_history(run: Run) -> Iterator[Figure]:
    runs = range(1, len(run.history) + 1)
    measured = [
        (number, past.accuracy)
        for number, past in zip(runs, run.history, strict=True)
        if past.accuracy is not None
    ]
    times = [(number, past.seconds) for number, past in zip(runs, run.history, strict=True)]
    for title, points in (("Accuracy of past runs", measured), ("Seconds of past runs", times)):
        if len(points) > 1:
            drawing = draw_lines(
                [Line(title, points, _series(0))],
                title=title,
                x_label=f"run; number {len(runs)} is this one",
                x_ticks=_number(runs),
                x_range=(1, len(runs)),
            )
            yield Figure(title, drawing)


def _legend(
    drawn: Sequence[Bars] | Sequence[Steps] | Sequence[Line] | Sequence[Points],
) -> list[tuple[str, str]]:
    return [(each.name, each.css) for each in drawn]


def _number(things: Sequence[object]) -> range:
    """Returns numbers from 1 on to mark things by, not more than an axis has room for."""
    return range(1, len(things) + 1, math.ceil(len(things) / _MAX_TICKS) or 1)


def _by_epoch(values: Sequence[float]) -> list[tuple[float, float]]:
    return [(float(epoch), value) for epoch, value in enumerate(values, start=1)]


def _densities(histogram: Histogram) -> list[float]:
    """Returns the share of values in each bucket by its width: buckets of splits differ in it."""
    total = sum(histogram.counts)
    widths = (high - low for low, high in itertools.pairwise(histogram.edges))
    return [
        count / (total * width) if total * width else 0.0
        for count, width in zip(histogram.counts, widths, strict=True)
    ]


def _percent(count: float, total: float) -> float:
    return 100 * count / total if total else 0.0


def _series(number: int) -> str:
    return f"series-{number % 4 + 1}"
