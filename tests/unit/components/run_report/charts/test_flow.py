"""The pipeline as a graph."""

import re

from components.run_report.charts.flow import Box, draw_flow
from support.run_report.drawings import parse_drawing

BOXES = [
    Box("a", (), "done", "good"),
    Box("b", ("a",), "done", "good"),
    Box("c", ("a",), "<failed>", "bad"),
    Box("d", ("a", "b", "c"), "", ""),
]


def _texts(drawing: str) -> list[str]:
    return [text.text or "" for text in parse_drawing(drawing).iter("text")]


def test_each_node_is_a_box_with_its_name_and_how_it_ended():
    drawing = draw_flow(BOXES, title="four nodes")

    assert _texts(drawing) == ["a", "done", "b", "done", "c", "<failed>", "d", ""]
    assert parse_drawing(drawing).get("aria-label") == "four nodes"


def test_an_edge_that_follows_from_others_is_not_drawn():
    drawing = draw_flow(BOXES, title="four nodes")

    assert len(re.findall('class="edge"', drawing)) == 4  # and none from a to d


def test_a_node_stands_below_all_that_it_waits_for():
    tops = {}
    for rectangle, name in zip(
        parse_drawing(draw_flow(BOXES, title="")).iter("rect"), "abcd", strict=True
    ):
        tops[name] = float(rectangle.get("y", ""))

    assert tops["a"] < tops["b"] == tops["c"] < tops["d"]


def test_an_upstream_node_that_is_not_drawn_is_left_out():
    drawing = draw_flow([Box("a", ("elsewhere",), "", "")], title="")

    assert 'class="edge"' not in drawing
