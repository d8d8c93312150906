"""Trials of a search: which is the best, and how it is told."""

import logging

import pytest

from modules.tuning.progress import describe_trial, report_trial, trial_of
from modules.tuning.trials import Search, Trial


def make_trial(number: int, *val_accuracies: float, fault: str = "") -> Trial:
    history = tuple(
        {"epoch": epoch, "val_accuracy": value} for epoch, value in enumerate(val_accuracies, 1)
    )
    values: dict[str, bool | int | float] = {"learning_rate": 0.0123456, "filters": 8}
    return Trial(number=number, values={**values, "augment": True}, history=history, fault=fault)


def test_score_is_that_of_the_best_epoch():
    assert make_trial(1, 0.5, 0.9, 0.8).score == 0.9


def test_trial_that_diverged_has_no_score_though_it_has_epochs():
    assert make_trial(1, 0.5, fault="the loss was NaN").score is None
    assert make_trial(1).score is None


def test_best_comes_first_and_the_first_of_equals():
    diverged, poor, good, equal = (
        make_trial(1, fault="the loss was NaN"),
        make_trial(2, 0.5),
        make_trial(3, 0.9),
        make_trial(4, 0.9),
    )
    search = Search(
        tuning={}, hyperparameters={}, eval_rows=10, trials=(diverged, poor, good, equal)
    )
    assert search.ranking == (good, equal, poor, diverged)
    assert search.best == good


def test_results_of_a_search_do_not_depend_on_the_machine():
    slow, fast = (
        Search(
            tuning={},
            hyperparameters={},
            eval_rows=10,
            trials=(make_trial(1, 0.5).model_copy(update={"cpu_seconds": seconds}),),
        )
        for seconds in (10.0, 1.0)
    )
    assert slow != fast
    assert slow.results == fast.results


def test_search_comes_back_from_json_unchanged():
    search = Search(
        tuning={"trials": 1}, hyperparameters={"epochs": 2}, eval_rows=10, trials=(make_trial(1),)
    )
    again = Search.model_validate_json(search.model_dump_json())
    assert again == search
    assert list(map(type, again.trials[0].values.values())) == [float, int, bool]


def test_trial_is_told_in_a_record_that_carries_it(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, logger="modules.tuning.progress")
    trial = make_trial(3, 0.91)
    report_trial(trial, 12)
    [record] = caplog.records
    assert record.getMessage() == (
        "Trial 3/12: val_accuracy 0.9100 with learning_rate 0.01235, filters 8, augment True"
    )
    assert trial_of(record) is trial


def test_trial_without_a_result_says_why():
    told = describe_trial(make_trial(3, fault="the loss was NaN"))
    assert told == (
        "no result with learning_rate 0.01235, filters 8, augment True: the loss was NaN"
    )
