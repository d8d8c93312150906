"""Draws a pipeline as a graph: each node in a row below those that it waits for."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from components.run_report.charts import svg

_BOX_WIDTH, _BOX_HEIGHT = 222, 46
_COLUMN, _ROW = 238, 74
_MARGIN = 3


class Box(NamedTuple):
    """A node.

    Attributes:
      name: Its name.
      upstream: Names of those that it waits for.
      note: How it ended, in a few words.
      css: The class that the page's style sheet gives a colour.
    """

    name: str
    upstream: Sequence[str]
    note: str
    css: str


class _Place(NamedTuple):
    """The upper left corner of a box."""

    x: float
    y: float


def draw_flow(boxes: Sequence[Box], *, title: str) -> Markup:
    """Returns the graph, without edges that follow from others.

    Args:
      boxes: At least one; each behind those that it waits for.
      title: What the graph shows.
    """
    rows = _make_rows(boxes)
    width = max(len(row) for row in rows) * _COLUMN - _COLUMN + _BOX_WIDTH + 2 * _MARGIN
    places = {
        box.name: _Place(
            (width - len(row) * _COLUMN + _COLUMN - _BOX_WIDTH) / 2 + column * _COLUMN,
            _MARGIN + number * _ROW,
        )
        for number, row in enumerate(rows)
        for column, box in enumerate(row)
    }
    edges = [_draw_edge(places[upper], places[lower]) for upper, lower in _find_edges(boxes)]
    drawn = [part for box in boxes for part in _draw_box(box, places[box.name])]
    height = (len(rows) - 1) * _ROW + _BOX_HEIGHT + 2 * _MARGIN
    return svg.frame(width, height, title, [*edges, *drawn])


def _make_rows(boxes: Sequence[Box]) -> list[list[Box]]:
    depths: dict[str, int] = {}
    rows: list[list[Box]] = []
    for box in boxes:
        depth = 1 + max((depths.get(name, -1) for name in box.upstream), default=-1)
        depths[box.name] = depth
        rows += [[] for _ in range(depth + 1 - len(rows))]
        rows[depth].append(box)
    return rows


def _find_edges(boxes: Sequence[Box]) -> Iterator[tuple[str, str]]:
    """Yields the edges that no longer way replaces; all of them would hide the order."""
    before: dict[str, set[str]] = {}
    for box in boxes:
        known = [name for name in box.upstream if name in before]
        implied = set().union(*(before[name] for name in known))
        before[box.name] = {*known, *implied}
        for name in known:
            if name not in implied:
                yield name, box.name


def _draw_edge(upper: _Place, lower: _Place) -> Markup:
    start_x, end_x = upper.x + _BOX_WIDTH / 2, lower.x + _BOX_WIDTH / 2
    start_y, end_y = upper.y + _BOX_HEIGHT, lower.y
    middle = end_y - (_ROW - _BOX_HEIGHT) / 2
    return Markup('<path d="M{:g} {:g} C{:g} {:g} {:g} {:g} {:g} {:g}" class="edge"/>').format(
        start_x, start_y, start_x, middle, end_x, middle, end_x, end_y
    )


def _draw_box(box: Box, place: _Place) -> list[Markup]:
    middle = place.x + _BOX_WIDTH / 2
    return [
        Markup('<rect x="{:g}" y="{:g}" width="{}" height="{}" rx="6" class="box {}"/>').format(
            *place, _BOX_WIDTH, _BOX_HEIGHT, box.css
        ),
        svg.text(middle, place.y + 19, box.name, "name middle"),
        svg.text(middle, place.y + 36, box.note, "note middle"),
    ]
