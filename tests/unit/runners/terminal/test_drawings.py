"""What text can draw: pictures, curves and shares."""

import math

import numpy as np
import pytest

from runners.terminal.pictures import draw_picture
from runners.terminal.sparklines import draw_share, draw_sparkline


def test_a_picture_is_two_rows_of_pixels_in_each_line_and_a_frame():
    image = np.array([[255, 0, 255, 0], [0, 0, 255, 255]], np.uint8)

    assert draw_picture(image).splitlines() == ["┌────┐", "│▀ █▄│", "└────┘"]


def test_a_picture_in_colour_is_drawn_by_its_brightness():
    image = np.zeros((2, 2, 3), np.uint8)
    image[:, 1] = [255, 255, 0]

    assert draw_picture(image).splitlines()[1] == "│ █│"


def test_a_picture_of_an_odd_height_ends_with_half_a_line():
    image = np.full((3, 1), 255, np.uint8)

    assert draw_picture(image).splitlines()[1:-1] == ["│█│", "│▀│"]


def test_a_sparkline_goes_from_the_lowest_value_to_the_highest():
    assert draw_sparkline([0.0, 0.5, 1.0], 8) == "▁▅█"
    assert draw_sparkline([3.0, 2.0, 1.0, 0.0], 8)[0] == "█"


def test_what_is_no_number_is_a_blank_in_a_sparkline():
    assert draw_sparkline([1.0, math.nan, 2.0, math.inf], 8) == "▁ █ "


@pytest.mark.parametrize("values", [[5.0], [2.0, 2.0, 2.0], []])
def test_values_that_are_all_the_same_are_a_level_line(values: list[float]):
    assert set(draw_sparkline(values, 8)) <= {"▅"}
    assert len(draw_sparkline(values, 8)) == len(values)


def test_numbers_at_both_ends_of_what_there_is_have_a_sparkline():
    assert draw_sparkline([-1e308, 0.0, 1e308], 8) == "▁▅█"


def test_of_a_long_training_a_sparkline_has_the_first_epoch_and_the_last():
    drawn = draw_sparkline([5.0, *[3.0] * 298, 1.0], 40)

    assert (len(drawn), drawn[0], drawn[-1]) == (40, "█", "▁")


@pytest.mark.parametrize(
    ("share", "bar"),
    [
        *((0.0, ""), (1.0, "████"), (0.5, "██"), (0.53125, "██▏")),
        *((2.0, "████"), (-1.0, ""), (math.nan, "")),
    ],
)
def test_a_share_is_as_long_as_it_is_large(share: float, bar: str):
    assert draw_share(share, 4) == bar
