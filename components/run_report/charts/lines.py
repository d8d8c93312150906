"""Draws values by position as lines."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from components.run_report.charts import svg
from components.run_report.charts.axes import Axes, make_axes

# Beyond so many, dots would hide the line.
_MOST_DOTS = 60


class Line(NamedTuple):
    """Points that are connected.

    Attributes:
      name: What they are.
      points: Pairs of x and y.
      css: The class that the page's style sheet gives a colour.
    """

    name: str
    points: Sequence[tuple[float, float]]
    css: str


def draw_lines(
    lines: Sequence[Line],
    *,
    title: str,
    x_label: str,
    x_ticks: Sequence[float] | None = None,
    x_range: tuple[float, float] | None = None,
    mark: tuple[float, str] | None = None,
) -> Markup:
    """Returns a chart of lines over one x axis; points that are not finite are left out.

    Args:
      lines: What is drawn.
      title: What the chart shows.
      x_label: What the x axis is of.
      x_ticks: Which values of x have a mark; without them, round ones.
      x_range: From where to where the axis goes; without it, over all points.
      mark: An x that is marked, and as what.
    """
    lines = [line._replace(points=[*filter(_is_finite, line.points)]) for line in lines]
    xs = [x for line in lines for x, _ in line.points] or [0.0]
    axes = make_axes(x_range or (min(xs), max(xs)), [y for line in lines for _, y in line.points])
    parts = [
        *axes.draw(x_label, x_ticks),
        *_draw_mark(axes, mark),
        *(part for line in lines for part in _draw_line(axes, line)),
    ]
    return svg.frame(axes.width, axes.height, title, parts)


def _is_finite(point: tuple[float, float]) -> bool:
    return all(map(math.isfinite, point))


def _draw_mark(axes: Axes, mark: tuple[float, str] | None) -> Iterator[Markup]:
    if mark is None:
        return
    value, label = mark
    x = axes.x(value)
    is_right = x > (axes.x.start + axes.x.end) / 2
    yield svg.line((x, axes.y.start), (x, axes.y.end), "mark")
    yield svg.text(x - 5 if is_right else x + 5, axes.y.end + 8, label, f"tick{' end' * is_right}")


def _draw_line(axes: Axes, line: Line) -> Iterator[Markup]:
    places = [(axes.x(x), axes.y(y)) for x, y in line.points]
    if len(places) > 1:
        yield svg.path(places, f"line {line.css}")
    if len(places) <= _MOST_DOTS:
        for place, (x, y) in zip(places, line.points, strict=True):
            yield svg.dot(*place, f"dot {line.css}", f"{line.name}, {x:g}: {y:.4g}")
