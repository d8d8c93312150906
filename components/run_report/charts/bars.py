"""Draws shares: of classes as groups of bars, of numbers as outlines of histograms."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from components.run_report.charts import svg
from components.run_report.charts.axes import Axes, make_axes

_GAP = 0.2  # between groups, as a share of a group's width
# More of them would stand over each other.
_MOST_NAMES = 16


class Bars(NamedTuple):
    """One bar in each group.

    Attributes:
      name: What they are.
      values: One for each group.
      css: The class that the page's style sheet gives a colour.
    """

    name: str
    values: Sequence[float]
    css: str


class Steps(NamedTuple):
    """The outline of a histogram.

    Attributes:
      name: What is distributed.
      edges: Where buckets begin and end; one more than there are buckets.
      values: One for each bucket.
      css: The class that the page's style sheet gives a colour.
    """

    name: str
    edges: Sequence[float]
    values: Sequence[float]
    css: str


def draw_bars(
    groups: Sequence[str],
    bars: Sequence[Bars],
    *,
    title: str,
    x_label: str,
    tips: Sequence[str] = (),
) -> Markup:
    """Returns a chart with a group of bars for each name, all from 0.

    Args:
      groups: What stands below each group.
      bars: As many values each as there are groups.
      title: What the chart shows.
      x_label: What the groups are.
      tips: What a pointer that rests on a bar is told, by group; empty: nothing.
    """
    values = [0.0, *(value for each in bars for value in each.values)]
    axes = make_axes((0, len(groups)), values)
    parts = [*axes.draw(x_label, x_ticks=()), *_draw_names(axes, groups)]
    width = (1 - _GAP) / len(bars)
    for number, each in enumerate(bars):
        for group, value in enumerate(each.values):
            tip = tips[group] if tips else ""
            left = group + _GAP / 2 + number * width
            parts.append(_draw_bar(axes, left, left + width, value, each.css, tip))
    return svg.frame(axes.width, axes.height, title, parts)


def draw_steps(outlines: Sequence[Steps], *, title: str, x_label: str) -> Markup:
    """Returns a chart with the outline of each histogram, all from 0.

    Args:
      outlines: At least one, of at least one bucket.
      title: What the chart shows.
      x_label: What is distributed.
    """
    edges = [edge for each in outlines for edge in each.edges]
    values = [0.0, *(value for each in outlines for value in each.values)]
    axes = make_axes((min(edges), max(edges)), values)
    parts = list(axes.draw(x_label))
    parts += [svg.path(_outline(axes, each), f"line {each.css}") for each in outlines]
    return svg.frame(axes.width, axes.height, title, parts)


def _draw_names(axes: Axes, groups: Sequence[str]) -> Iterator[Markup]:
    every = math.ceil(len(groups) / _MOST_NAMES) or 1
    for number, name in enumerate(groups):
        if number % every:
            continue
        yield svg.text(axes.x(number + 0.5), axes.y.start + 16, name, "tick middle")


def _draw_bar(axes: Axes, left: float, right: float, value: float, css: str, tip: str) -> Markup:
    x, y = axes.x(left), axes.y(value)
    return svg.rectangle(x, y, axes.x(right) - x, axes.y.start - y, f"bar {css}", tip)


def _outline(axes: Axes, steps: Steps) -> Iterator[tuple[float, float]]:
    yield axes.x(steps.edges[0]), axes.y(0)
    for left, right, value in zip(steps.edges[:-1], steps.edges[1:], steps.values, strict=True):
        yield axes.x(left), axes.y(value)
        yield axes.x(right), axes.y(value)
    yield axes.x(steps.edges[-1]), axes.y(0)
