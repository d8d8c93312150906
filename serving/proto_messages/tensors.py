"""Turns TensorProtos of requests into arrays, and arrays into the TensorProtos of replies."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import Message
from tensorflow.core.framework import tensor_pb2

from serving.errors import invalid_argument
from serving.tensors import NUMPY_TYPES, Array, Arrays

# The field of TensorProto that holds the values of each type.
_FIELDS = {
    "float": "float_val",
    "double": "double_val",
    "half": "half_val",
    "int8": "int_val",
    "int16": "int_val",
    "int32": "int_val",
    "uint8": "int_val",
    "uint16": "int_val",
    "int64": "int64_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
    "bool": "bool_val",
    "string": "string_val",
}


def dtype_name(data_type: int) -> str:
    """Returns the name that TensorFlow prints for a type: "float" where numpy says float32."""
    name = str(tf.dtypes.as_dtype(data_type).name)
    return {"float16": "half", "float32": "float", "float64": "double"}.get(name, name)


def parse_tensor_protos(protos: Mapping[str, Message], *, max_bytes: int) -> dict[str, Array]:
    """Returns the arrays that a request holds.

    Args:
      protos: TensorProtos by name.
      max_bytes: The most that one array may take. A few bytes of request can claim any shape,
        because a value that stands alone is repeated.

    Raises:
      ServingError: A tensor is malformed or too large.
    """
    return {name: _parse(name, proto, max_bytes) for name, proto in protos.items()}


def _parse(name: str, proto: Any, max_bytes: int) -> Array:
    error = invalid_argument(f"tensor parsing error: {name}")
    shape = [dim.size for dim in proto.tensor_shape.dim]
    try:
        numpy_type = np.dtype(NUMPY_TYPES[dtype_name(proto.dtype)])
    except (KeyError, TypeError) as unknown:
        raise error from unknown
    if proto.tensor_shape.unknown_rank or min(shape, default=0) < 0:
        raise error
    if _claimed_bytes(shape, numpy_type) > max_bytes:
        raise invalid_argument(f"{error.message}: expected at most {max_bytes} bytes")
    try:
        array: Array = tf.make_ndarray(proto)
    except (TypeError, ValueError, OverflowError) as cause:
        raise error from cause
    if array.shape != tuple(shape):
        raise error
    return array.astype(numpy_type, copy=False)


def _claimed_bytes(shape: Iterable[int], numpy_type: np.dtype[Any]) -> int:
    size = numpy_type.itemsize
    for length in shape:
        size *= length
    return size


def make_tensor_protos(
    arrays: Arrays, protos: Mapping[str, Any], *, as_content: bool = False
) -> None:
    """Writes arrays into the map field of a reply.

    Args:
      arrays: The outputs of a model.
      protos: The field `outputs` of the reply.
      as_content: Write packed bytes in place of the typed fields that TF Serving writes by
        default; smaller and faster for large outputs.
    """
    for name, array in arrays.items():
        if as_content and array.dtype != np.object_:
            protos[name].CopyFrom(tf.make_tensor_proto(array))
        else:
            _write(array, protos[name])


def _write(array: Array, proto: tensor_pb2.TensorProto) -> None:
    data_type = tf.dtypes.as_dtype(tf.string if array.dtype == np.object_ else array.dtype)
    name = dtype_name(data_type.as_datatype_enum)
    if name not in _FIELDS:
        proto.CopyFrom(tf.make_tensor_proto(array))
        return
    proto.dtype = data_type.as_datatype_enum
    proto.tensor_shape.SetInParent()
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    flat = array.ravel()
    values = flat.view(np.uint16) if name == "half" else flat
    getattr(proto, _FIELDS[name]).extend(values.tolist())
