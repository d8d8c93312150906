"""Makes configuration keys parameters of a run on Vertex AI.

A key ends up in a task as a text of its own, or as a number somewhere in a JSON text. Where, only
`create_pipeline` knows: so the pipeline is compiled once more for each key, with another value, and
what differs is where the parameter belongs. Vertex replaces a placeholder inside of a constant, as
kfp's own compiler writes it.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.config import PipelineConfig
from pipeline.config_sources import ConfigError
from runners.orchestration.parameters import describe_parameters, name_without_dots, with_parameters

Spec = dict[str, Any]
_Place = tuple[str, str]  # a task, and one of its parameters

_TYPES = {"integer": "NUMBER_INTEGER", "number": "NUMBER_DOUBLE", "string": "STRING"}
# Vertex caches whole tasks, and has an option of its own for a run without.
_LEFT_OUT = ("enable_cache",)
# A task's own input for a parameter that goes into a constant; kfp calls it so.
_CHANNEL = "pipelinechannel--"
_MARK = re.compile(r"<<(-?)(\w+)>>")


@dataclass(frozen=True)
class _Parameter:
    """A parameter of a run.

    Attributes:
      key: The configuration's name for it.
      type: Its JSON type.
      default: Its value in the configuration.
      other: Another value that the configuration would take.
      description: What it means.
    """

    key: str
    type: str
    default: Any
    other: Any
    description: str

    @property
    def name(self) -> str:
        """Its name on Vertex."""
        return name_without_dots(self.key)

    def mark(self, marked: Any, original: Any, other: Any) -> Any:
        """Returns `marked` with a mark where the two values, JSON as Python has it, differ.

        Raises:
          ValueError: There is something else than the parameter or, if a number, its opposite.
        """
        if original == other:
            return marked
        if isinstance(original, dict) and original.keys() == other.keys():
            return {key: self.mark(marked[key], original[key], other[key]) for key in original}
        if isinstance(original, list) and len(original) == len(other):
            return [self.mark(*values) for values in zip(marked, original, other, strict=True)]
        if (original, other) == (self.default, self.other):
            return f"<<{self.name}>>"
        if self.type != "string" and (original, other) == (-self.default, -self.other):
            return f"<<-{self.name}>>"
        raise ValueError(
            f"{self.key}: expected to find {self.default!r} in the compiled pipeline, received "
            f"{original!r}. A parameter of a run on Vertex must reach its task as it is."
        )


def add_parameters(
    spec: Spec, config: PipelineConfig, compile_spec: Callable[[PipelineConfig], Spec]
) -> None:
    """Turns the values of runtime parameters in `spec` into parameters with these defaults.

    Args:
      spec: The pipeline as compiled with `config`.
      config: The configuration.
      compile_spec: Compiles the pipeline with another configuration.

    Raises:
      ValueError: A parameter is nowhere, or in a form that no placeholder can take.
    """
    original = {place: _read_json(value) for place, value in _constants(spec)}
    marked = dict(original)
    for parameter in _list_parameters(config):
        changed = compile_spec(with_parameters(config, {parameter.key: parameter.other}))
        other = {place: _read_json(value) for place, value in _constants(changed)}
        places = [place for place in original if original[place] != other.get(place)]
        if not places:
            raise ValueError(f"{parameter.key}: expected a task that takes it, found none.")
        for place in places:
            marked[place] = parameter.mark(marked[place], original[place], other[place])
        _declare(spec, parameter)
    for place, value in marked.items():
        if value != original[place]:
            _write(spec, place, value)


def _list_parameters(config: PipelineConfig) -> Iterator[_Parameter]:
    for key, schema in describe_parameters(config).items():
        if key not in _LEFT_OUT:
            yield _Parameter(
                key=key,
                type=schema["type"],
                default=schema["default"],
                other=_find_other_value(config, key, schema),
                description=schema.get("description", ""),
            )


def _find_other_value(config: PipelineConfig, key: str, schema: dict[str, Any]) -> Any:
    """Returns a value within the bounds that is neither the default nor 0, which has no sign."""
    value = schema["default"]
    if isinstance(value, str):
        # A text that must have a form says so by examples.
        others = (example for example in schema.get("examples", ()) if example != value)
        return next(others, f"{value}/other")
    candidates = [value + 1, value - 1] if isinstance(value, int) else [value / 2, (value + 1) / 2]
    for candidate in candidates:
        try:
            with_parameters(config, {key: candidate})
        except ConfigError:
            continue
        if candidate not in (0, value):
            return candidate
    raise ValueError(f"{key}: found no value but {value!r} that the configuration takes.")


def _constants(spec: Spec) -> Iterator[tuple[_Place, Any]]:
    for task_name, task in spec["root"]["dag"]["tasks"].items():
        for name, parameter in task.get("inputs", {}).get("parameters", {}).items():
            if "constant" in parameter.get("runtimeValue", {}):
                yield (task_name, name), parameter["runtimeValue"]["constant"]


def _read_json(constant: Any) -> Any:
    """Returns the object or list that a text stands for, anything else as it is."""
    if isinstance(constant, str) and constant.startswith(("{", "[")):
        try:
            return json.loads(constant)
        except json.JSONDecodeError:
            return constant
    return constant


def _declare(spec: Spec, parameter: _Parameter) -> None:
    definitions = spec["root"].setdefault("inputDefinitions", {})
    definitions.setdefault("parameters", {})[parameter.name] = {
        "parameterType": _TYPES[parameter.type],
        "defaultValue": parameter.default,
        "isOptional": True,
        "description": parameter.description,
    }


def _write(spec: Spec, place: _Place, marked: Any) -> None:
    """Gives the task a parameter instead of a constant, or a constant with placeholders."""
    task_name, name = place
    task = spec["root"]["dag"]["tasks"][task_name]
    inputs = task["inputs"]["parameters"]
    if isinstance(marked, str) and (whole := _MARK.fullmatch(marked)):
        sign, parameter = whole.groups()
        if sign:
            raise ValueError(f"{task_name}: {name}: expected {parameter} itself, not its opposite.")
        inputs[name] = {"componentInputParameter": parameter}
        return
    declared = spec["components"][task["componentRef"]["name"]]["inputDefinitions"]["parameters"]

    def place_holder(found: re.Match[str]) -> str:
        quote, sign, parameter, _ = found.groups()
        kind = spec["root"]["inputDefinitions"]["parameters"][parameter]["parameterType"]
        declared[f"{_CHANNEL}{parameter}"] = {"parameterType": kind}
        inputs[f"{_CHANNEL}{parameter}"] = {"componentInputParameter": parameter}
        quote = quote if kind == "STRING" else ""
        return f"{quote}{sign}{{{{$.inputs.parameters['{_CHANNEL}{parameter}']}}}}{quote}"

    text = json.dumps(marked, sort_keys=True)
    constant = re.sub(f'("?){_MARK.pattern}("?)', place_holder, text)
    inputs[name] = {"runtimeValue": {"constant": constant}}
