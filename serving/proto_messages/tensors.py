"""Turns TensorProtos of requests into arrays, and arrays into the TensorProtos of replies."""

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.errors import Code, ServingError, invalid_argument
from serving.tensors import NUMPY_TYPES, Array, Arrays, check_num_values, type_name

# The field of TensorProto that holds the values of each type.
_FIELDS = {
    "float": "float_val",
    "double": "double_val",
    "half": "half_val",
    "bfloat16": "half_val",
    "float8_e5m2": "float8_val",
    "float8_e4m3fn": "float8_val",
    "float8_e4m3fnuz": "float8_val",
    "float8_e4m3b11fnuz": "float8_val",
    "float8_e5m2fnuz": "float8_val",
    "float4_e2m1fn": "float8_val",
    "complex64": "scomplex_val",
    "complex128": "dcomplex_val",
    "int2": "int_val",
    "int4": "int_val",
    "int8": "int_val",
    "int16": "int_val",
    "int32": "int_val",
    "uint2": "int_val",
    "uint4": "int_val",
    "uint8": "int_val",
    "uint16": "int_val",
    "int64": "int64_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
    "bool": "bool_val",
    "string": "string_val",
    "qint8": "int_val",
    "quint8": "int_val",
    "qint16": "int_val",
    "quint16": "int_val",
    "qint32": "int_val",
}
# The one field that is no list but bytes, a byte for each value.
_BYTES = "float8_val"
# Of these numpy takes any number, and leaves out the bits that are too many.
_NARROW = ("int2", "int4", "uint2", "uint4")
# What a field holds in place of the values themselves.
_STORED_AS = {
    "half": np.uint16,
    "bfloat16": np.uint16,
    "complex64": np.float32,
    "complex128": np.float64,
    "qint8": np.int8,
    "quint8": np.uint8,
    "qint16": np.int16,
    "quint16": np.uint16,
    "qint32": np.int32,
}


# Types beyond are references to variables, which cannot be sent.
_FIRST_REFERENCE = 100


def dtype_name(data_type: int) -> str:
    """Returns the name that TensorFlow prints for a type: "float" where numpy says float32."""
    name = str(tf.dtypes.as_dtype(data_type).base_dtype.name)
    return {"float16": "half", "float32": "float", "float64": "double"}.get(name, name)


# Numpy's types by the numbers that messages carry.
_NUMPY_TYPES = {
    number: np.dtype(NUMPY_TYPES[dtype_name(number)])
    for number in types_pb2.DataType.values()
    if 0 < number < _FIRST_REFERENCE and dtype_name(number) in NUMPY_TYPES
}
_TYPES_OF_ARRAYS = {
    numpy_type: (dtype_name(number), number) for number, numpy_type in _NUMPY_TYPES.items()
}


@dataclass(frozen=True)
class Limits:
    """The most that the tensors of one request may claim.

    A few bytes of request can claim any shape, because a value that stands alone is repeated.

    Attributes:
      num_bytes: Bytes of all arrays together.
      num_values: Numbers and strings in them.
    """

    num_bytes: int = 2**31
    num_values: int = sys.maxsize


def parse_tensor_protos(protos: Mapping[str, Any], limits: Limits) -> dict[str, Array]:
    """Returns the arrays that a request holds, by name.

    Args:
      protos: TensorProtos by name.
      limits: What they may claim.

    Raises:
      ServingError: A tensor is malformed, or they are too large.
    """
    num_bytes = num_values = 0
    types = {}
    for name, proto in protos.items():
        types[name], size = _read_claim(name, proto)
        num_values += size
        num_bytes += size * types[name].itemsize
    check_num_values(num_values, limits.num_values)
    if num_bytes > limits.num_bytes:
        raise invalid_argument(
            f"The tensors take {num_bytes} bytes, expected at most {limits.num_bytes}"
        )
    return {name: _parse(name, proto, types[name]) for name, proto in protos.items()}


def _read_claim(name: str, proto: Any) -> tuple[np.dtype[Any], int]:
    """Returns the type of a tensor, and the number of its values."""
    try:
        numpy_type = _NUMPY_TYPES[proto.dtype]
    except KeyError as unknown:
        raise _malformed(name) from unknown
    size = 1
    for dim in proto.tensor_shape.dim:
        if dim.size < 0:
            raise _malformed(name)
        size *= dim.size
    if proto.tensor_shape.unknown_rank:
        raise _malformed(name)
    return numpy_type, size


def _parse(name: str, proto: Any, numpy_type: np.dtype[Any]) -> Array:
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    try:
        if proto.tensor_content and numpy_type != np.object_:
            # What clients send by default; TensorFlow's function takes five times as long.
            return np.frombuffer(proto.tensor_content, numpy_type).reshape(shape)
        kind = dtype_name(proto.dtype)
        if _FIELDS[kind] == _BYTES:
            return _parse_bytes(proto.float8_val, shape).view(numpy_type)
        if kind in _NARROW:
            _check_range(proto.int_val, numpy_type)
        array: Array = tf.make_ndarray(proto)
    except (TypeError, ValueError, OverflowError) as cause:
        raise _malformed(name) from cause
    if array.shape != shape:
        raise _malformed(name)
    return array.astype(numpy_type, copy=False)


def _parse_bytes(content: bytes, shape: tuple[int, ...]) -> Array:
    """Returns a byte for each value, of which the last stands for those that are left out.

    TensorFlow's function does this for some types only.
    """
    if not content:
        return np.zeros(shape, np.uint8)
    given = np.frombuffer(content, np.uint8)
    return np.pad(given, (0, math.prod(shape) - len(given)), "edge").reshape(shape)


def _check_range(values: Sequence[int], numpy_type: np.dtype[Any]) -> None:
    """Raises OverflowError as numpy does for its own types."""
    bounds = ml_dtypes.iinfo(numpy_type)  # type: ignore[no-untyped-call]
    if values and not int(bounds.min) <= min(values) <= max(values) <= int(bounds.max):
        raise OverflowError


def _malformed(name: str) -> ServingError:
    return invalid_argument(f"tensor parsing error: {name}")


def make_tensor_protos(
    arrays: Arrays, protos: Mapping[str, Any], *, as_content: bool = False
) -> None:
    """Writes arrays into the map field of a reply.

    Args:
      arrays: The outputs of a model.
      protos: The field `outputs` of the reply.
      as_content: Write packed bytes in place of the typed fields that TF Serving writes by
        default; smaller and faster for large outputs.

    Raises:
      ServingError: An output has no values, but stands for a table or a variable.
    """
    for name, array in arrays.items():
        if array.dtype not in _TYPES_OF_ARRAYS:
            raise ServingError(
                Code.UNIMPLEMENTED,
                f"The output {name} is of type {type_name(array)}, which can't be sent; leave it "
                "out with an output_filter",
            )
        _write(array, protos[name], as_content=as_content)


def _write(array: Array, proto: tensor_pb2.TensorProto, *, as_content: bool) -> None:
    name, proto.dtype = _TYPES_OF_ARRAYS[array.dtype]
    proto.tensor_shape.SetInParent()
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    if as_content and name != "string":
        proto.tensor_content = array.tobytes()
    elif _FIELDS[name] == _BYTES:
        proto.float8_val = array.tobytes()
    else:
        flat = array.ravel()
        values = flat.view(_STORED_AS[name]) if name in _STORED_AS else flat
        getattr(proto, _FIELDS[name]).extend(values.tolist())
