"""What accuracy on held-out rows of the train files is too low to be chance."""

import math
from pathlib import Path

import pytest

from components.evaluation.held_out import (
    HeldOutAccuracy,
    least_accuracy,
    read_held_out,
    write_held_out,
)

QUICK = 0.9916  # on the test split of MNIST, of a model that was trained for one epoch


@pytest.mark.parametrize(
    ("accuracy", "test_accuracy", "passed"),
    [
        # MNIST's own labels: preset quick, and the default configuration.
        (0.9889, 0.9916, True),
        (0.9921, 0.9950, True),
        # So many of the train labels wrong: 1 %, 2 %, 5 %, 10 %; 1 % by default.
        (0.9777, 0.9892, False),
        (0.9666, 0.9890, False),
        (0.9353, 0.9894, False),
        (0.8816, 0.9874, False),
        (0.9824, 0.9938, False),
    ],
)
def test_labels_of_which_one_in_a_hundred_is_wrong_are_told_from_those_of_mnist(
    accuracy: float,
    test_accuracy: float,
    passed: bool,  # noqa: FBT001 - pytest names it
):
    bound = least_accuracy(4936, test_accuracy=test_accuracy, test_rows=10_000, max_gap=0.005)

    assert (accuracy >= bound) is passed


@pytest.mark.parametrize(
    ("rows", "test_accuracy", "test_rows", "expected"),
    [
        (100_000, 0.99, 100_000, 0.9887),
        (4936, QUICK, 10_000, 0.986),
        (400, QUICK, 400, 0.96),
        (25, QUICK, 400, 0.88),
        (4936, 1.0, 50, 0.88),  # fifty rows that a model gets right tell little of it
        (1, 0.9, 50, 0.0),
    ],
)
def test_the_fewer_rows_there_are_the_more_is_chance(
    rows: int, test_accuracy: float, test_rows: int, expected: float
):
    bound = least_accuracy(rows, test_accuracy=test_accuracy, test_rows=test_rows, max_gap=0.0)

    assert bound == pytest.approx(expected, abs=0.002)


def test_what_is_harmless_comes_on_top_of_chance():
    strict = least_accuracy(4936, test_accuracy=QUICK, test_rows=10_000, max_gap=0.0)
    lenient = least_accuracy(4936, test_accuracy=QUICK, test_rows=10_000, max_gap=0.25)

    assert strict - lenient == pytest.approx(0.25)


def test_it_is_kept_with_the_evaluation(tmp_path: Path):
    held_out = HeldOutAccuracy(split="eval", accuracy=0.93, rows=4936, bound=0.98)

    assert read_held_out(str(tmp_path)) is None
    write_held_out(str(tmp_path), held_out)
    assert read_held_out(str(tmp_path)) == held_out


def test_an_accuracy_that_is_no_number_is_kept_and_refused(tmp_path: Path):
    write_held_out(
        str(tmp_path), HeldOutAccuracy(split="eval", accuracy=math.nan, rows=4936, bound=0.98)
    )

    held_out = read_held_out(str(tmp_path))

    assert held_out is not None
    assert held_out.as_check().verdict == "failed"


def test_a_refusal_says_whose_labels_are_wrong():
    check = HeldOutAccuracy(split="eval", accuracy=0.93, rows=4936, bound=0.98).as_check()

    assert str(check) == (
        "accuracy of split eval is 0.9300 < 0.9800 (4,936 rows): on rows that it was not trained "
        "on, the model agrees less with the labels of the train files than with those of the test "
        "files; unless the test files are easier, some of the former are wrong"
    )
