"""Charts of numbers."""

import pytest

from components.run_report.charts.bars import Bars, Steps, draw_bars, draw_steps
from components.run_report.charts.lines import Line, draw_lines
from support.run_report.drawings import parse_drawing


def test_a_bar_is_as_high_as_its_value():
    drawing = draw_bars(
        ["x", "y"], [Bars("one", [1.0, 2.0], "series-1")], title="bars", x_label="class"
    )

    one, two = (float(bar.get("height", "")) for bar in parse_drawing(drawing).iter("rect"))
    assert two == pytest.approx(2 * one, abs=0.02)


def test_a_histogram_begins_and_ends_on_its_axis():
    drawing = draw_steps(
        [Steps("one", [0, 1, 2], [3, 5], "series-1")], title="steps", x_label="value"
    )

    [path] = parse_drawing(drawing).iter("path")
    points = [place.split() for place in path.get("d", "").lstrip("M").split(" L")]
    [axis] = [line for line in parse_drawing(drawing).iter("line") if line.get("class") == "axis"]
    assert points[0][1] == points[-1][1] == f"{float(axis.get('y1', '')):g}"


def test_one_point_is_a_dot_and_no_line():
    drawing = draw_lines([Line("one", [(1, 0.5)], "series-1")], title="", x_label="epoch")

    assert len(list(parse_drawing(drawing).iter("circle"))) == 1
    assert not list(parse_drawing(drawing).iter("path"))


def test_a_mark_is_named():
    drawing = draw_lines(
        [Line("one", [(1, 0.5), (2, 0.6)], "series-1")],
        title="",
        x_label="epoch",
        mark=(2, "exported"),
    )

    assert "exported" in [text.text for text in parse_drawing(drawing).iter("text")]


def test_names_from_data_are_text():
    drawing = draw_bars(
        ["<script>"], [Bars("one", [1.0], "series-1")], title='a "<b>"', x_label="&"
    )

    assert "<script>" in [text.text for text in parse_drawing(drawing).iter("text")]
    assert parse_drawing(drawing).get("aria-label") == 'a "<b>"'


def test_a_pointer_that_rests_on_a_bar_is_told_what_it_is():
    bars = [Bars(split, [1.0, 2.0], "series-1") for split in ("train", "test")]
    drawing = draw_bars(["0", "1"], bars, title="", x_label="", tips=["0 (Hat)", "1 (<b>)"])

    tips = [title.text for title in parse_drawing(drawing).iter("title")]
    assert tips == ["0 (Hat)", "1 (<b>)"] * 2
