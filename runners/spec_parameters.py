"""Reads the parameters of a run as the types that a compiled pipeline declares."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

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
        type.
    """
    declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    values = {}
    for assignment in assignments:
        given, separator, text = assignment.partition("=")
        if not separator:
            raise ValueError(f"--param: expected NAME=VALUE, received {assignment!r}")
        name = given.replace(".", "_")
        if name not in declared:
            raise ValueError(f"{given}: no such parameter; there are {', '.join(declared)}")
        kind = declared[name]["parameterType"]
        try:
            values[name] = _READERS[kind](text)
        except (ValueError, KeyError):
            raise ValueError(f"{given}: expected {kind}, received {text!r}") from None
    return values
