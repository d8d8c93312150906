"""What a search tries: bounds that make no range, or no hyperparameter, are refused."""

import pytest
from pydantic import ValidationError

from modules.tuning.settings import SearchSpace, Tuning


@pytest.mark.parametrize(
    ("name", "values", "complaint"),
    [
        ("learning_rate", {"low": 0.1, "high": 0.1}, r"expected low below high, received 0\.1 and"),
        ("filters", {"low": 32, "high": 8}, "expected low below high, received 32 and 8"),
        ("dropout", {"scale": "log"}, r"expected low above 0 for the scale log, received 0\.0"),
        (
            "dropout",
            {"high": 1.0},
            r"dropout: 1\.0 is no value of training\.dropout: .* less than 1",
        ),
        ("learning_rate", {"low": -0.1, "scale": "linear"}, "greater than 0"),
        ("label_smoothing", {"scale": "cubic"}, "'linear' or 'log'"),
        ("filters", {"high": 12}, "at least twice low for the scale log, received 8 and 12"),
        ("seed", {}, "not permitted"),
    ],
)
def test_range_that_cannot_be_drawn_from_is_refused(
    name: str, values: dict[str, object], complaint: str
):
    with pytest.raises(ValidationError, match=complaint):
        SearchSpace.model_validate({name: values})


def test_one_bound_alone_can_be_set():
    space = SearchSpace.model_validate({"learning_rate": {"high": 0.1}})
    assert (space.learning_rate.low, space.learning_rate.high) == (0.005, 0.1)


@pytest.mark.parametrize(
    "searched", [(), ("epochs",), ("seed",), ("augment", "filters", "augment")]
)
def test_what_cannot_be_searched_is_refused(searched: tuple[str, ...]):
    with pytest.raises(ValidationError):
        Tuning.model_validate({"searched": searched})


def test_settings_come_back_from_json_unchanged():
    tuning = Tuning.model_validate({"trials": 3, "space": {"filters": {"low": 4}}})
    assert Tuning.model_validate_json(tuning.model_dump_json()) == tuning
