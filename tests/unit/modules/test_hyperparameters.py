"""The settings of a training: bounds, defaults, and the way to the trainer."""

import json

import pytest
from pydantic import ValidationError

from modules.hyperparameters import CHANGE_NO_WEIGHTS, PRESETS, Hyperparameters


def test_unknown_name_is_refused():
    with pytest.raises(ValidationError, match="leaning_rate"):
        Hyperparameters.model_validate({"leaning_rate": 0.1})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("batch_size_per_replica", 0),
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("learning_rate", "fast"),
        ("label_smoothing", 1),
        ("filters", 0),
        ("dropout", 1.0),
        ("seed", -1),
        ("shuffle_buffer", 0),
        ("logical_cpus", -1),
        ("cache_mb", -1),
        ("strategy", "mirror"),
        ("workers", 0),
        ("parameter_servers", 0),
        ("tpu", ""),
        ("learning_rate_scaling", "cubic"),
        ("restarts", -1),
        ("worker_timeout_seconds", 0),
        ("run_workers_in", "threads"),
        ("start_timeout_seconds", 0),
    ],
)
def test_value_out_of_bounds_is_refused_by_name(name: str, value: object):
    with pytest.raises(ValidationError, match=name):
        Hyperparameters.model_validate({name: value})


def test_values_survive_the_way_to_the_trainer():
    hyperparameters = Hyperparameters(epochs=3, dropout=0.25, augment=False)

    sent = json.dumps(hyperparameters.model_dump())

    assert Hyperparameters.model_validate(json.loads(sent)) == hyperparameters


def test_values_written_as_text_are_understood():
    hyperparameters = Hyperparameters.model_validate({"epochs": "7", "augment": "false"})

    assert (hyperparameters.epochs, hyperparameters.augment) == (7, False)


def test_hyperparameters_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        Hyperparameters().epochs = 2


@pytest.mark.parametrize("name", Hyperparameters.model_fields)
def test_every_hyperparameter_is_described(name: str):
    assert Hyperparameters.model_fields[name].description


def test_default_preset_is_the_defaults():
    assert PRESETS["default"] == Hyperparameters()


def test_quick_preset_is_one_epoch():
    assert PRESETS["quick"].epochs == 1


@pytest.mark.parametrize(
    ("values", "name", "what_to_do"),
    [
        ({"workers": 2}, "workers", "for several there are multi_worker_mirrored"),
        ({"strategy": "tpu", "workers": 2}, "workers", "for several there are"),
        ({"strategy": "multi_worker_mirrored"}, "workers", "for one process there is mirrored"),
        ({"strategy": "parameter_server", "cache_mb": 1025}, "cache_mb", "1024 MB at most"),
        ({"run_workers_in": "pods"}, "run_workers_in", "mirrored trains without workers"),
        (
            {"strategy": "one_device", "logical_cpus": 2},
            "strategy",
            "takes training.strategy=mirrored",
        ),
    ],
)
def test_a_strategy_that_does_not_fit_is_refused_with_what_does(
    values: dict[str, object], name: str, what_to_do: str
):
    with pytest.raises(ValidationError) as refused:
        Hyperparameters.model_validate(values)

    [problem] = refused.value.errors()
    assert problem["loc"] == (name,)
    assert what_to_do in problem["msg"]


@pytest.mark.parametrize(("scaling", "peak"), [("none", 0.02), ("sqrt", 0.04), ("linear", 0.08)])
def test_peak_of_the_learning_rate_follows_the_rule_for_replicas(scaling: str, peak: float):
    hyperparameters = Hyperparameters(learning_rate=0.02, learning_rate_scaling=scaling)

    assert hyperparameters.peak_learning_rate(4) == pytest.approx(peak)
    assert hyperparameters.peak_learning_rate(1) == pytest.approx(0.02)


def test_what_changes_no_weights_exists():
    assert Hyperparameters.model_fields.keys() >= CHANGE_NO_WEIGHTS
