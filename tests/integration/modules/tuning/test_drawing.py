"""Values are drawn as the search space says, the same from the same seed."""

import tempfile
from typing import Any

import keras_tuner
import pytest

from modules.tuning.drawing import OBJECTIVE, make_oracle
from modules.tuning.settings import Tuning

IN_USE = {
    "learning_rate": 0.5,
    "filters": 5,
    "dropout": 0.9,
    "label_smoothing": 0.9,
    "augment": True,
}


def draw(**settings: Any) -> list[dict[str, Any]]:
    tuning = Tuning.model_validate(settings)
    oracle = make_oracle(tuning, {name: IN_USE[name] for name in tuning.searched})
    with tempfile.TemporaryDirectory() as folder:
        # It gives the oracle a place to write to.
        keras_tuner.engine.base_tuner.BaseTuner(oracle, directory=folder)
        drawn = []
        while (trial := oracle.create_trial("tuner")).status == "RUNNING":
            drawn.append(dict(trial.hyperparameters.values))
            oracle.update_trial(trial.trial_id, {OBJECTIVE.name: 0.5})
            trial.status = "COMPLETED"
            oracle.end_trial(trial)
    return drawn


def test_first_are_the_values_in_use_wherever_they_lie():
    assert draw(trials=2)[0] == IN_USE


def test_all_others_lie_within_their_bounds():
    others = draw(trials=200)[1:]
    assert all(0.005 <= values["learning_rate"] <= 0.05 for values in others)
    assert {values["filters"] for values in others} == {8, 16, 32}
    assert all(0 <= values["dropout"] <= 0.5 for values in others)
    assert all(0 <= values["label_smoothing"] <= 0.2 for values in others)
    assert {values["augment"] for values in others} == {True, False}


def test_log_scale_draws_as_often_below_as_above_the_geometric_mean():
    space = {"learning_rate": {"low": 0.0001, "high": 1.0}}
    others = draw(trials=401, space=space, searched=["learning_rate"])[1:]
    below = sum(values["learning_rate"] < 0.01 for values in others)
    assert 150 < below < 250  # drawn from one seed: always the same


def test_linear_scale_draws_any_whole_number():
    space = {"filters": {"low": 3, "high": 6, "scale": "linear"}}
    others = draw(trials=50, space=space, searched=["filters"])[1:]
    assert sorted(values["filters"] for values in others) == [3, 4, 6]  # 5 is in use


def test_nothing_is_drawn_twice_and_a_small_space_ends_the_search():
    assert draw(trials=50, searched=["augment"]) == [{"augment": True}, {"augment": False}]


def test_same_seed_draws_the_same_and_another_one_others():
    assert draw(trials=5, seed=3) == draw(trials=5, seed=3)
    assert draw(trials=5, seed=3)[1:] != draw(trials=5, seed=4)[1:]


def test_more_trials_begin_with_the_same_ones():
    assert draw(trials=9)[:4] == draw(trials=4)


def test_of_equal_trials_the_first_is_the_best():
    oracle = make_oracle(Tuning(trials=3), IN_USE)
    with tempfile.TemporaryDirectory() as folder:
        keras_tuner.engine.base_tuner.BaseTuner(oracle, directory=folder)
        for _ in range(3):
            trial = oracle.create_trial("tuner")
            oracle.update_trial(trial.trial_id, {OBJECTIVE.name: 0.5})
            trial.status = "COMPLETED"
            oracle.end_trial(trial)

    [best] = oracle.get_best_trials()
    assert best.hyperparameters.values == IN_USE


@pytest.mark.parametrize("name", ["learning_rate", "augment"])
def test_what_is_not_searched_is_not_drawn(name: str):
    assert [list(values) for values in draw(trials=2, searched=[name])] == [[name]] * 2
