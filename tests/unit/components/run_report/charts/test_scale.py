"""Where marks stand on an axis."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from components.run_report.charts.scale import Scale, scale_of

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


@example(values=[0.0, 5e-324], most=5)
@example(values=[1e6, 1e6 + 1e-9], most=5)
@given(values=st.lists(NUMBERS, min_size=1), most=st.integers(2, 10))
def test_all_values_stand_between_the_ends_and_marks_are_few(values: list[float], most: int):
    scale = scale_of(values, 0, 100, most_ticks=most)

    assert all(-1e-6 <= scale(value) <= 100 + 1e-6 for value in values)
    assert 1 <= len(scale.ticks(most)) <= most + 3


def test_marks_are_round_numbers():
    assert Scale(0.9, 1.0, 0, 100).ticks(5) == pytest.approx([0.9, 0.92, 0.94, 0.96, 0.98, 1.0])
    assert Scale(0, 12.5, 0, 100).ticks(5) == pytest.approx([0, 2.5, 5, 7.5, 10, 12.5])


def test_what_is_no_number_does_not_move_the_ends():
    scale = scale_of([1.0, float("nan"), 3.0, float("inf")], 0, 100, most_ticks=5)

    assert (scale.low, scale.high) == (1.0, 3.0)


def test_values_that_are_all_the_same_still_have_an_axis():
    scale = scale_of([5.0, 5.0], 0, 100, most_ticks=5)

    assert scale(5.0) == 50
