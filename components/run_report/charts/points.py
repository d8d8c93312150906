"""Draws values by position as points."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from components.run_report.charts import svg
from components.run_report.charts.axes import make_axes


class Points(NamedTuple):
    """Points of one kind.

    Attributes:
      name: What they are.
      places: Pairs of x and y.
      css: The class that the page's style sheet gives a colour.
    """

    name: str
    places: Sequence[tuple[float, float]]
    css: str


def draw_points(
    kinds: Sequence[Points], *, title: str, x_label: str, x_ticks: Sequence[float] | None = None
) -> Markup:
    """Returns a chart of points over one x axis; those that are not finite are left out.

    Args:
      kinds: What is drawn, the last on top.
      title: What the chart shows.
      x_label: What the x axis is of.
      x_ticks: Which values of x have a mark, all within the chart; without them, round ones.
    """
    finite = [
        kind._replace(places=[place for place in kind.places if all(map(math.isfinite, place))])
        for kind in kinds
    ]
    xs = [*(x for kind in finite for x, _ in kind.places), *(x_ticks or ())] or [0.0]
    axes = make_axes((min(xs), max(xs)), [y for kind in finite for _, y in kind.places])
    parts = [*axes.draw(x_label, x_ticks)]
    for kind in finite:
        for x, y in kind.places:
            tip = f"{kind.name}, {x:.4g}: {y:.4g}"
            parts.append(svg.dot(axes.x(x), axes.y(y), f"dot {kind.css}", tip))
    return svg.frame(axes.width, axes.height, title, parts)
