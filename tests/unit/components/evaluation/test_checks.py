"""What a check says of its value and its bound."""

import math

import pytest

from components.evaluation.checks import NUM_ROWS, Check, read_class, worth_telling


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"value": 0.97, "passed": True}, "accuracy of label 3 is 0.9700 >= 0.9600"),
        ({"value": 0.95}, "accuracy of label 3 is 0.9500 < 0.9600"),
        ({"value": 0.95, "rows": 1}, "accuracy of label 3 is 0.9500 < 0.9600 (1 row)"),
        ({"value": 0.95, "rows": 1010}, "accuracy of label 3 is 0.9500 < 0.9600 (1,010 rows)"),
        (
            {"value": 0.97, "is_upper_bound": True},
            "accuracy of label 3 is 0.9700 > 0.9600",
        ),
        (
            {"value": 0.9, "is_upper_bound": True, "passed": True},
            "accuracy of label 3 is 0.9000 <= 0.9600",
        ),
        (
            {"value": 0.95, "rows": 7, "meaning": "too low"},
            "accuracy of label 3 is 0.9500 < 0.9600 (7 rows): too low",
        ),
        (
            {"value": 0.97, "meaning": "too low", "passed": True},
            "accuracy of label 3 is 0.9700 >= 0.9600",
        ),
        ({"value": 0.959999}, "accuracy of label 3 is 0.959999 < 0.960000"),
        ({"value": math.nan}, "accuracy of label 3 is nan, expected >= 0.9600"),
        ({"value": None}, "accuracy of label 3 was not measured, expected >= 0.9600"),
        (
            {"metric": NUM_ROWS, "value": 7, "bound": 50, "rows": 7},
            "number of rows of label 3 is 7 < 50",
        ),
    ],
)
def test_a_check_says_metric_slice_value_bound_and_rows(values: dict[str, object], expected: str):
    content = {"metric": "accuracy", "slice": "label 3", "bound": 0.96, "passed": False, **values}

    assert str(Check(**content)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "is_upper_bound", "verdict"),
    [
        (0.95, False, "below"),
        (0.97, True, "above"),
        (None, False, "missing"),
        (math.nan, False, "failed"),
    ],
)
def test_a_verdict_tells_on_which_side_of_the_bound_a_value_is(
    value: float | None,
    is_upper_bound: bool,  # noqa: FBT001 - pytest names it
    verdict: str,
):
    check = Check(
        metric="accuracy",
        slice="all",
        value=value,
        bound=0.96,
        is_upper_bound=is_upper_bound,
        passed=False,
    )

    assert check.verdict == verdict


def test_rows_are_told_on_their_own_only_where_there_are_too_few():
    enough, too_few = (
        Check(metric=NUM_ROWS, slice="all", value=rows, bound=50, passed=rows >= 50, rows=rows)
        for rows in (50, 49)
    )
    accuracy = Check(metric="accuracy", slice="all", value=1, bound=0.9, passed=True, rows=50)

    assert list(worth_telling([accuracy, enough, too_few])) == [accuracy, too_few]


def test_people_read_the_name_of_a_class_and_code_goes_by_its_number():
    check = Check(metric="accuracy", slice="label 1", value=0.95, bound=0.96, passed=False)

    [told] = worth_telling([check], ("Hat", "Bag"))

    assert str(told) == "accuracy of label 1 (Bag) is 0.9500 < 0.9600"
    assert check.slice == "label 1"
    assert check.with_names(()) == check


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("precision (class 12)", ("precision", 12)),
        ("precision (class 3, top 1)", None),
        ("f1_score (macro average)", None),
        ("precision (class 3) change", None),
        ("accuracy", None),
    ],
)
def test_a_name_tells_whether_a_metric_is_of_one_class(name: str, expected: tuple[str, int] | None):
    assert read_class(name) == expected
