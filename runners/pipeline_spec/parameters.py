"""Reads the parameters of a run as the types that a compiled pipeline declares."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pipeline.config import PipelineConfig
from runners.orchestration.parameters import RUNTIME_PARAMETERS, name_without_dots, with_parameters

_BOOLEANS = {"true": True, "false": False}


def _read_boolean(text: str) -> bool:
    return _BOOLEANS[text.lower()]


_READERS: dict[str, Callable[[str], Any]] = {
    "NUMBER_INTEGER": int,
    "NUMBER_DOUBLE": float,
    "BOOLEAN": _read_boolean,
    "STRING": str,
}


def read_parameters(spec: Mapping[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """Returns values of a run's parameters as the types that the pipeline declares.

    Args:
      spec: A PipelineSpec, as JSON or YAML holds it.
      assignments: NAME=VALUE each; `training.epochs` is the same as `training_epochs`.

    Raises:
      ValueError: It is no assignment, there is no such parameter, or the text is no value of its
        type, or is out of its bounds; `ConfigError` is one.
    """
    declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    values = {}
    for assignment in assignments:
        given, separator, text = assignment.partition("=")
        if not separator:
            raise ValueError(f"--param: expected NAME=VALUE, received {assignment!r}")
        name = name_without_dots(given)
        if name not in declared:
            raise ValueError(f"{given}: no such parameter; there are {', '.join(declared)}")
        kind = declared[name]["parameterType"]
        try:
            values[name] = _READERS[kind](text)
        except (ValueError, KeyError):
            raise ValueError(f"{given}: expected {kind}, received {text!r}") from None
    _check_bounds(values)
    return values


def _check_bounds(values: Mapping[str, Any]) -> None:
    """Refuses what no configuration takes: a pipeline declares types, and no bounds."""
    keys = {name_without_dots(key): key for key in RUNTIME_PARAMETERS}
    known = {keys[name]: value for name, value in values.items() if name in keys}
    with_parameters(PipelineConfig(), known)
