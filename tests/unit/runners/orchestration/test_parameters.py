"""What a run may set, and what becomes of it in the configuration."""

import pytest

from pipeline.config import PipelineConfig
from pipeline.config_sources import ConfigError
from runners.orchestration.parameters import describe_parameters, with_parameters


def test_a_parameter_has_type_bounds_and_the_value_that_was_compiled():
    config = PipelineConfig.model_validate({"training": {"epochs": 7}})

    epochs = describe_parameters(config)["training.epochs"]

    assert (epochs["type"], epochs["default"]) == ("integer", 7)
    assert (epochs["minimum"], epochs["maximum"]) == (1, 1000)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("training.epochs", "3", 3),
        ("training.learning_rate", "0.5", 0.5),
        ("thresholds.accuracy", "0.9", 0.9),
        ("enable_cache", "false", False),
        ("data_root", "gs://bucket/mnist", "gs://bucket/mnist"),
    ],
)
def test_a_string_is_cast_to_the_type_of_its_parameter(name: str, text: str, value: object):
    config: object = with_parameters(PipelineConfig(), {name: text})
    for part in name.split("."):
        config = getattr(config, part)

    assert config == value


def test_parameters_leave_everything_else_as_it_was_compiled():
    compiled = PipelineConfig.model_validate({"pipeline_name": "other", "pipeline_root": "/runs"})

    config = with_parameters(compiled, {"training.epochs": 3})

    assert config.pipeline_root == "/runs"
    assert config.training.model_copy(update={"epochs": 4}) == compiled.training


def test_the_defaults_as_parameters_change_nothing():
    compiled = PipelineConfig()
    defaults = {name: schema["default"] for name, schema in describe_parameters(compiled).items()}

    assert with_parameters(compiled, defaults) == compiled


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"training.epochs": 0}, "training.epochs: .* greater than or equal to 1; received 0"),
        ({"training.epochs": "many"}, "training.epochs: .*; received 'many'"),
        ({"pipeline_root": "/tmp"}, "pipeline_root: is no runtime parameter; there are data_root"),  # noqa: S108 - never opened
        ({"data_root": "data/mnist"}, "data_root: expected an absolute path or a URL"),
    ],
)
def test_a_bad_parameter_is_refused_by_name_and_value(values: dict[str, object], message: str):
    with pytest.raises(ConfigError, match=message):
        with_parameters(PipelineConfig(), values)
