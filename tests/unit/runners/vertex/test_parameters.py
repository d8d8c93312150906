"""Where a parameter of a run goes in a pipeline for Vertex AI, and where it cannot go."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.config import Examples, PipelineConfig
from runners.vertex.parameters import add_parameters

Spec = dict[str, Any]
CONFIG = PipelineConfig(data_root="gs://bucket/data")


def _compile(config: PipelineConfig) -> Spec:
    """Stands for TFX's compiler: one task that takes everything that is a parameter."""
    constants = {
        "input_base": config.data_root,
        "accepted_by": config.examples.new_data_accepted_by,
        "custom_config": json.dumps({"epochs": config.training.epochs, "seed": 4}),
        "peak": config.training.learning_rate,
        "max_eval_gap": config.thresholds.max_eval_gap,
        "bounds": json.dumps(
            [
                {"overall": config.thresholds.accuracy, "each": config.thresholds.class_accuracy},
                {"change": -config.thresholds.max_accuracy_drop},
            ]
        ),
    }
    inputs = {name: {"runtimeValue": {"constant": value}} for name, value in constants.items()}
    task = {"componentRef": {"name": "comp"}, "inputs": {"parameters": inputs}}
    return {
        "root": {"dag": {"tasks": {"Trainer": task}}},
        "components": {"comp": {"inputDefinitions": {"parameters": {}}}},
    }


@pytest.fixture
def spec() -> Spec:
    spec = _compile(CONFIG)
    add_parameters(spec, CONFIG, _compile)
    return spec


def _inputs(spec: Spec) -> Spec:
    return spec["root"]["dag"]["tasks"]["Trainer"]["inputs"]["parameters"]


def _constant(spec: Spec, name: str) -> str:
    return _inputs(spec)[name]["runtimeValue"]["constant"]


def test_a_whole_text_or_number_becomes_the_parameter(spec: Spec):
    assert _inputs(spec)["input_base"] == {"componentInputParameter": "data_root"}
    name = "examples_new_data_accepted_by"
    assert _inputs(spec)["accepted_by"] == {"componentInputParameter": name}
    assert _inputs(spec)["peak"] == {"componentInputParameter": "training_learning_rate"}


def test_a_number_in_a_json_text_becomes_a_placeholder_that_the_task_declares(spec: Spec):
    placeholder = "{{$.inputs.parameters['pipelinechannel--training_epochs']}}"

    assert _constant(spec, "custom_config") == f'{{"epochs": {placeholder}, "seed": 4}}'
    assert _inputs(spec)["pipelinechannel--training_epochs"] == {
        "componentInputParameter": "training_epochs"
    }
    declared = spec["components"]["comp"]["inputDefinitions"]["parameters"]
    assert declared["pipelinechannel--training_epochs"] == {"parameterType": "NUMBER_INTEGER"}


def test_a_text_that_is_configured_as_its_example_is_a_parameter_all_the_same():
    acceptance = Examples.model_json_schema()["properties"]["new_data_accepted_by"]["examples"][0]
    config = PipelineConfig.model_validate({"examples": {"new_data_accepted_by": acceptance}})
    spec = _compile(config)

    add_parameters(spec, config, _compile)

    name = "examples_new_data_accepted_by"
    assert _inputs(spec)["accepted_by"] == {"componentInputParameter": name}
    assert spec["root"]["inputDefinitions"]["parameters"][name]["defaultValue"] == acceptance


def test_an_opposite_keeps_its_sign(spec: Spec):
    placeholder = "{{$.inputs.parameters['pipelinechannel--thresholds_max_accuracy_drop']}}"

    assert f'{{"change": -{placeholder}}}' in _constant(spec, "bounds")


def test_a_default_of_zero_has_its_sign_too():
    config = PipelineConfig.model_validate({"thresholds": {"max_accuracy_drop": 0}})
    spec = _compile(config)

    add_parameters(spec, config, _compile)

    assert '"change": -{{$' in _constant(spec, "bounds")


def _in_percent(config: PipelineConfig) -> Spec:
    spec = _compile(config)
    percent = {"runtimeValue": {"constant": 100 * config.thresholds.accuracy}}
    _inputs(spec)["percent"] = percent
    return spec


def _negated(config: PipelineConfig) -> Spec:
    spec = _compile(config)
    _inputs(spec)["change"] = {"runtimeValue": {"constant": -config.thresholds.max_accuracy_drop}}
    return spec


def _without_epochs(config: PipelineConfig) -> Spec:
    spec = _compile(config)
    del _inputs(spec)["custom_config"]
    return spec


@pytest.mark.parametrize(
    ("compile_spec", "message"),
    [
        (_in_percent, "thresholds.accuracy: expected to find 0.985 in the compiled pipeline, rec"),
        (
            _negated,
            "Trainer: change: expected thresholds_max_accuracy_drop itself, not its opposite",
        ),
        (_without_epochs, "training.epochs: expected a task that takes it, found none"),
    ],
)
def test_a_parameter_that_no_placeholder_can_stand_for_is_refused(
    compile_spec: Callable[[PipelineConfig], Spec], message: str
):
    with pytest.raises(ValueError, match=message):
        add_parameters(compile_spec(CONFIG), CONFIG, compile_spec)


def test_placeholders_are_those_that_kfps_own_compiler_writes(spec: Spec, tmp_path: Path):
    kfp = pytest.importorskip("kfp", reason="kfp installs on Python 3.11 only")

    @kfp.dsl.container_component
    def trainer(custom_config: str) -> kfp.dsl.ContainerSpec:
        return kfp.dsl.ContainerSpec(image="example", args=[custom_config])

    @kfp.dsl.pipeline(name="digits")
    def digits(training_epochs: int = 4) -> None:
        trainer(custom_config=f'{{"epochs": {training_epochs}, "seed": 4}}')

    file = tmp_path / "digits.yaml"
    kfp.compiler.Compiler().compile(digits, str(file))

    [task] = yaml.safe_load(file.read_text())["root"]["dag"]["tasks"].values()
    ours = {key: _inputs(spec)[key] for key in task["inputs"]["parameters"]}
    assert ours == task["inputs"]["parameters"]
