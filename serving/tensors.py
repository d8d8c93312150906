"""What a model takes and returns, and the check of a request against it (numpy only).

A string tensor is an array of dtype object that holds bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from serving.errors import invalid_argument

Array = npt.NDArray[Any]
Arrays = Mapping[str, Array]
"""Tensors by the name that they have in a signature."""

Shape = tuple[int | None, ...]
"""The size of each dimension, None where any is taken."""

DEFAULT_SIGNATURE = "serving_default"
"""The signature that a request is for which names none."""

NUMPY_TYPES: Mapping[str, npt.DTypeLike] = {
    "float": np.float32,
    "double": np.float64,
    "half": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float8_e5m2": ml_dtypes.float8_e5m2,
    "float8_e4m3fn": ml_dtypes.float8_e4m3fn,
    "float8_e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "float8_e4m3b11fnuz": ml_dtypes.float8_e4m3b11fnuz,
    "float8_e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "float4_e2m1fn": ml_dtypes.float4_e2m1fn,
    "complex64": np.complex64,
    "complex128": np.complex128,
    "int2": ml_dtypes.int2,
    "int4": ml_dtypes.int4,
    "int8": np.int8,
    "int16": np.int16,
    "int32": np.int32,
    "int64": np.int64,
    "uint2": ml_dtypes.uint2,
    "uint4": ml_dtypes.uint4,
    "uint8": np.uint8,
    "uint16": np.uint16,
    "uint32": np.uint32,
    "uint64": np.uint64,
    "qint8": np.dtype([("qint8", np.int8)]),
    "quint8": np.dtype([("quint8", np.uint8)]),
    "qint16": np.dtype([("qint16", np.int16)]),
    "quint16": np.dtype([("quint16", np.uint16)]),
    "qint32": np.dtype([("qint32", np.int32)]),
    "bool": np.bool_,
    "string": np.object_,
}
"""Types by the names that TensorFlow prints: all that have values which can be sent."""


_NAMES = {np.dtype(numpy_type): name for name, numpy_type in NUMPY_TYPES.items()}


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of a signature.

    Attributes:
      dtype: TensorFlow's name of the type, such as "float" or "string".
      shape: One entry a dimension, None where any size is taken; None if even the rank is open.
    """

    dtype: str
    shape: Shape | None

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


def can_be_joined(signature: Signature, arrays: Arrays) -> bool:
    """Returns whether `arrays` are rows that can go into one call with those of others."""
    return signature.is_batched and (
        all(array.ndim for array in arrays.values())
        and len({len(array) for array in arrays.values()}) == 1
    )


def count_values(arrays: Arrays) -> int:
    """Returns the number of numbers and strings in arrays."""
    return sum(array.size for array in arrays.values())


def check_num_values(num_values: int, most: int) -> None:
    """Raises a ServingError about a request of more values than the server takes."""
    if num_values > most:
        raise invalid_argument(f"The request has {num_values} values, expected at most {most}")


def complete_inputs(signature: Signature, arrays: Arrays) -> dict[str, Array]:
    """Returns the inputs of a call: `arrays` and the defaults of those left out.

    Types and shapes are left to the graph, as TF Serving does: what a signature says of them is
    often narrower than what its graph takes.

    Raises:
      ServingError: A name is not the signature's. The texts are TF Serving's.
    """
    _check_names(signature, arrays)
    return {**signature.defaults, **arrays}


def find_misfits(shapes: Mapping[str, Shape | None], arrays: Arrays) -> list[str]:
    """Returns a phrase about each array whose shape is not the one that is expected."""
    return [
        f"input {name}: expected shape {render_shape(shape)}, "
        f"received {render_shape(arrays[name].shape)}"
        for name, shape in shapes.items()
        if shape is not None and not _fits(arrays[name].shape, shape)
    ]


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


def _fits(shape: tuple[int, ...], expected: Shape) -> bool:
    return len(shape) == len(expected) and all(
        wanted in (None, size) for size, wanted in zip(shape, expected, strict=True)
    )


def type_name(array: Array) -> str:
    """Returns TensorFlow's name of an array's type."""
    if array.dtype in _NAMES:
        return _NAMES[array.dtype]
    # What numpy has no type for, TensorFlow makes a record of, with one field of that name.
    return array.dtype.names[0] if array.dtype.names else str(array.dtype)


def render_shape(shape: Shape) -> str:
    """Renders a shape as TensorFlow does: [?,28,28]."""
    return "[" + ",".join("?" if size is None else str(size) for size in shape) + "]"


def _joined(names: Any) -> str:
    return ",".join(sorted(names))
