"""Reads what a server tells of the signatures of a model (numpy only)."""

from collections.abc import Mapping
from typing import Any

from serving.tensors import Shape, Signature, TensorSpec


def parse_signatures(signature_map: Mapping[str, Any]) -> dict[str, Signature]:
    """Returns signatures by name.

    Args:
      signature_map: A SignatureDefMap as the JSON of the REST API has it.
    """
    return {
        name: Signature(
            inputs=_parse_specs(signature["inputs"]),
            outputs=_parse_specs(signature["outputs"]),
        )
        for name, signature in signature_map["signature_def"].items()
    }


def _parse_specs(tensors: Mapping[str, Any]) -> dict[str, TensorSpec]:
    return {
        name: TensorSpec(
            tensor["dtype"].removeprefix("DT_").lower(), _parse_shape(tensor["tensor_shape"])
        )
        for name, tensor in sorted(tensors.items())
    }


def _parse_shape(shape: Mapping[str, Any]) -> Shape | None:
    if shape["unknown_rank"]:
        return None
    sizes = [int(dimension["size"]) for dimension in shape["dim"]]
    return tuple(None if size < 0 else size for size in sizes)
