"""Compares objects of Kubernetes with the models of its own Python client."""

import re
from typing import Any

from kubernetes import client

_PRIMITIVES = {"str": str, "int": int, "bool": bool, "object": (str, int), "float": (int, float)}


def find_faults(value: Any, kind: str, where: str) -> list[str]:
    """Compares a value with a type as Kubernetes' client names it, all the way down.

    Args:
      value: As JSON has it.
      kind: V1Job, or list[V1Container] ...
      where: What faults begin with.
    """
    if inner := re.fullmatch(r"list\[(.+)\]", kind):
        return [
            fault
            for index, item in enumerate(value)
            for fault in find_faults(item, inner[1], f"{where}[{index}]")
        ]
    if inner := re.fullmatch(r"dict\(str, (.+)\)", kind):
        return [
            fault
            for key, item in value.items()
            for fault in find_faults(item, inner[1], f"{where}.{key}")
        ]
    if kind in _PRIMITIVES:
        return [] if isinstance(value, _PRIMITIVES[kind]) else [f"{where}: {value!r} is no {kind}"]
    model = getattr(client, kind)
    attributes = {json: name for name, json in model.attribute_map.items()}
    faults = [f"{where}: no such field: {key}" for key in value if key not in attributes]
    for key in set(value) & set(attributes):
        faults += find_faults(value[key], model.openapi_types[attributes[key]], f"{where}.{key}")
    try:
        model(**{attributes[key]: item for key, item in value.items() if key in attributes})
    except ValueError as error:  # a required field is missing
        faults.append(f"{where}: {error}")
    return faults
