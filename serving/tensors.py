"""What a model takes and returns, and the check of a request against it (numpy only).

A string tensor is an array of dtype object that holds bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from serving.errors import Code, ServingError, invalid_argument

Array = npt.NDArray[Any]
Arrays = Mapping[str, Array]
"""Tensors by the name that they have in a signature."""

DEFAULT_SIGNATURE = "serving_default"
"""The signature that a request is for which names none."""

NUMPY_TYPES: Mapping[str, npt.DTypeLike] = {
    "float": np.float32,
    "double": np.float64,
    "half": np.float16,
    "int8": np.int8,
    "int16": np.int16,
    "int32": np.int32,
    "int64": np.int64,
    "uint8": np.uint8,
    "uint16": np.uint16,
    "uint32": np.uint32,
    "uint64": np.uint64,
    "bool": np.bool_,
    "string": np.object_,
}
"""Types by the names that TensorFlow prints; a model with another type is served over no API."""


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of a signature.

    Attributes:
      dtype: TensorFlow's name of the type, such as "float" or "string".
      shape: One entry a dimension, None where any size is taken; None if even the rank is open.
    """

    dtype: str
    shape: tuple[int | None, ...] | None

    @property
    def is_batched(self) -> bool:
        """Whether the first dimension counts rows."""
        return bool(self.shape) and self.shape is not None and self.shape[0] is None


@dataclass(frozen=True)
class Signature:
    """One way to call a model.

    Attributes:
      inputs: What it takes, by name.
      outputs: What it returns, by name, in alphabetical order.
      defaults: Values of the inputs that may be left out.
    """

    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]
    defaults: Arrays = field(default_factory=dict)

    @property
    def is_batched(self) -> bool:
        """Whether rows of several requests can be joined into one call."""
        specs = [*self.inputs.values(), *self.outputs.values()]
        return bool(self.inputs) and all(spec.is_batched for spec in specs)


def count_rows(signature: Signature, arrays: Arrays) -> int:
    """Returns the number of rows that `arrays` hold, 1 if the signature takes no batches."""
    for name, spec in signature.inputs.items():
        if spec.is_batched and name in arrays and arrays[name].ndim:
            return len(arrays[name])
    return 1


def count_values(arrays: Arrays) -> int:
    """Returns the number of numbers and strings in arrays."""
    return sum(array.size for array in arrays.values())


def check_num_values(num_values: int, most: int) -> None:
    """Raises a ServingError about a request of more values than the server takes."""
    if num_values > most:
        raise invalid_argument(f"The request has {num_values} values, expected at most {most}")


def complete_inputs(signature: Signature, arrays: Arrays) -> dict[str, Array]:
    """Returns the inputs of a call: `arrays`, checked, and the defaults of those left out.

    Raises:
      ServingError: A name, type or shape is not the signature's. The texts are TF Serving's
        where it has one; shapes are checked here because TF Serving leaves that to the kernels,
        which are free to answer anything.
    """
    _check_names(signature, arrays)
    complete = {**signature.defaults, **arrays}
    for name, spec in signature.inputs.items():
        _check_array(name, complete[name], spec)
    _check_equal_rows(signature, complete)
    return complete


def _check_names(signature: Signature, arrays: Arrays) -> None:
    sent, wanted = set(arrays), set(signature.inputs)
    extra, missing = sent - wanted, wanted - sent
    if len(sent) > len(wanted) or (len(sent) < len(wanted) and not signature.defaults):
        raise invalid_argument(
            f"input size does not match signature: {len(sent)}!={len(wanted)} "
            f"len({{{_joined(sent)}}}) != len({{{_joined(wanted)}}}). "
            f"Sent extra: {{{_joined(extra)}}}. Missing but required: {{{_joined(missing)}}}."
        )
    for name in sorted(missing - set(signature.defaults)):
        raise invalid_argument(
            f"Signature input alias: {name} not found in request and no default value provided. "
            f"Inputs expected to be in the request {{{_joined(sent)}}}, or default input alias "
            f"set: {_joined(signature.defaults)}"
        )
    if extra:
        raise invalid_argument(
            f"Inputs contains invalid name. Used request inputs: {_joined(sent & wanted)}, "
            f"request input: {_joined(sent)}"
        )


def _check_array(name: str, array: Array, spec: TensorSpec) -> None:
    if spec.dtype not in NUMPY_TYPES:
        raise ServingError(Code.UNIMPLEMENTED, f"input {name}: type {spec.dtype} is not served")
    if array.dtype != NUMPY_TYPES[spec.dtype]:
        raise invalid_argument(
            f"input {name}: expected type {spec.dtype}, received {type_name(array)}"
        )
    if spec.shape is not None and not _fits(array.shape, spec.shape):
        raise invalid_argument(
            f"input {name}: expected shape {render_shape(spec.shape)}, "
            f"received {render_shape(array.shape)}"
        )


def _check_equal_rows(signature: Signature, arrays: Arrays) -> None:
    rows = {name: len(arrays[name]) for name, spec in signature.inputs.items() if spec.is_batched}
    if len(set(rows.values())) > 1:
        sizes = ", ".join(f"{name} {count}" for name, count in sorted(rows.items()))
        raise invalid_argument(f"inputs: expected equal batch sizes, received {sizes}")


def _fits(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(shape) == len(expected) and all(
        wanted in (None, size) for size, wanted in zip(shape, expected, strict=True)
    )


def type_name(array: Array) -> str:
    """Returns TensorFlow's name of an array's type."""
    for name, numpy_type in NUMPY_TYPES.items():
        if array.dtype == numpy_type:
            return name
    return str(array.dtype)


def render_shape(shape: tuple[int | None, ...]) -> str:
    """Renders a shape as TensorFlow does: [?,28,28]."""
    return "[" + ",".join("?" if size is None else str(size) for size in shape) + "]"


def _joined(names: Any) -> str:
    return ",".join(sorted(names))
