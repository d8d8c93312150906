"""The configuration keys that a run may set for itself, whatever started it (no TensorFlow)."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from pipeline.config import PipelineConfig
from pipeline.config_sources import ConfigError

RUNTIME_PARAMETERS = (
    "data_root",
    "examples.new_data_accepted_by",
    "training.epochs",
    "training.learning_rate",
    "thresholds.accuracy",
    "thresholds.class_accuracy",
    "thresholds.max_accuracy_drop",
    "thresholds.max_eval_gap",
    "enable_cache",
)
"""Dotted configuration keys. Add one here, and every orchestrator offers it."""

_PATHS = ("data_root",)


def name_without_dots(key: str) -> str:
    """Returns what a key is called on Kubeflow and Vertex, where a name is a word."""
    return key.replace(".", "_")


def describe_parameters(config: PipelineConfig) -> dict[str, dict[str, Any]]:
    """Returns the JSON schema of every runtime parameter, its value in `config` as the default."""
    return {name: _describe(name, config) for name in RUNTIME_PARAMETERS}


def with_parameters(config: PipelineConfig, values: Mapping[str, Any]) -> PipelineConfig:
    """Returns `config` with the values of a run.

    Args:
      config: The configuration that was compiled.
      values: By dotted key. A string is cast to its key's type: a form or a command line may have
        nothing else.

    Raises:
      ConfigError: A name is no runtime parameter, or its value is not one that the key takes.
    """
    settings = config.model_dump()
    for name, value in values.items():
        if name not in RUNTIME_PARAMETERS:
            raise ConfigError(
                f"{name}: is no runtime parameter; there are {', '.join(RUNTIME_PARAMETERS)}. Any "
                "other key is set when the pipeline is compiled."
            )
        # A task has a working directory of its own, which nobody has in mind.
        if name in _PATHS and not (str(value).startswith("/") or "://" in str(value)):
            raise ConfigError(f"{name}: expected an absolute path or a URL, received {value!r}")
        *sections, key = name.split(".")
        target = settings
        for section in sections:
            target = target[section]
        target[key] = value
    try:
        return PipelineConfig.model_validate(settings)
    except ValidationError as error:
        raise ConfigError("\n".join(_bad_values(error))) from error


def _describe(name: str, config: PipelineConfig) -> dict[str, Any]:
    section: BaseModel = config
    *sections, key = name.split(".")
    for part in sections:
        section = getattr(section, part)
    schema = type(section).model_json_schema()["properties"][key]
    return {**schema, "title": name, "default": getattr(section, key)}


def _bad_values(error: ValidationError) -> list[str]:
    return [
        f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}; "
        f"received {problem['input']!r}"
        for problem in error.errors()
    ]
