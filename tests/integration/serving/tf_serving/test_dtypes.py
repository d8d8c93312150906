"""Tensors of every type over gRPC, and of those that JSON has over REST."""

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from support.serving.fixtures import Connection
from support.serving.stock_models.fixtures import make_predict_request
from support.serving.stock_models.tensors import DTYPES

# The field of a TensorProto that holds the values of a type; `int_val` that of those not named.
FIELDS = {
    tf.float32: "float_val",
    tf.float64: "double_val",
    tf.float16: "half_val",
    tf.bfloat16: "half_val",
    tf.int64: "int64_val",
    tf.uint32: "uint32_val",
    tf.uint64: "uint64_val",
    tf.complex64: "scomplex_val",
    tf.complex128: "dcomplex_val",
    tf.bool: "bool_val",
    tf.string: "string_val",
}
# What JSON can say, by the rule of json_tensor.cc.
JSON_VALUES = {
    tf.float32: [0.5, -1.25],
    tf.float64: [0.1, -1e300],
    tf.int8: [-128, 127],
    tf.int16: [-32768, 32767],
    tf.int32: [-(2**31), 2**31 - 1],
    tf.int64: [-(2**63), 2**63 - 1],
    tf.uint8: [0, 255],
    tf.uint32: [0, 2**32 - 1],
    tf.uint64: [0, 2**64 - 1],
    tf.bool: [True, False],
    tf.string: ["ab", ""],
}
NOT_IN_JSON = [dtype for dtype in DTYPES if dtype not in JSON_VALUES]


def name_of(dtype: tf.DType) -> str:
    return dtype.name


def values_of(dtype: tf.DType) -> Any:
    """Returns three values of a type: the extremes, and one between."""
    if dtype == tf.string:
        return [b"a\xff", b"", b"c"]
    if dtype == tf.bool:
        return [True, False, True]
    if dtype.is_complex:
        return np.array([1 + 2j, -0.5j, 3], dtype.as_numpy_dtype)
    if dtype.is_floating:
        return np.array([0.5, -math.inf, 3], dtype.as_numpy_dtype)
    integers = stored_as(dtype)
    return np.array([np.iinfo(integers).min, 7, np.iinfo(integers).max], integers)


def stored_as(dtype: tf.DType) -> Any:
    """Returns numpy's type of a TensorFlow type, for quantized ones that of their integers."""
    if not dtype.is_quantized:
        return dtype.as_numpy_dtype
    ((integers, _),) = np.dtype(dtype.as_numpy_dtype).fields.values()
    return integers


def typed_proto(dtype: tf.DType) -> tensor_pb2.TensorProto:
    """Returns the values in the field of their type."""
    proto = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum)
    proto.tensor_shape.dim.add().size = 3
    values = values_of(dtype)
    if FIELDS.get(dtype) == "half_val":
        values = values.view(np.uint16)
    elif dtype.is_complex:
        values = values.view(dtype.real_dtype.as_numpy_dtype)
    getattr(proto, FIELDS.get(dtype, "int_val")).extend(np.asarray(values).tolist())
    return proto


def packed_proto(dtype: tf.DType) -> tensor_pb2.TensorProto:
    """Returns the same as the bytes that they take in memory."""
    proto = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum)
    proto.tensor_shape.dim.add().size = 3
    proto.tensor_content = np.array(values_of(dtype), stored_as(dtype)).tobytes()
    return proto


@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
def test_typed_field_goes_both_ways(stock: Connection, dtype: tf.DType):
    request = make_predict_request("identities", dtype.name, x=typed_proto(dtype))
    assert stock.predictions.Predict(request).outputs["y"] == typed_proto(dtype)


@pytest.mark.parametrize("dtype", [dtype for dtype in DTYPES if dtype != tf.string], ids=name_of)
def test_packed_bytes_are_answered_in_the_typed_field(stock: Connection, dtype: tf.DType):
    request = make_predict_request("identities", dtype.name, x=packed_proto(dtype))
    assert stock.predictions.Predict(request).outputs["y"] == typed_proto(dtype)


@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
def test_value_that_stands_alone_fills_the_shape(stock: Connection, dtype: tf.DType):
    proto = typed_proto(dtype)
    field = getattr(proto, FIELDS.get(dtype, "int_val"))
    del field[len(field) // 3 :]
    reply = stock.predictions.Predict(make_predict_request("identities", dtype.name, x=proto))
    assert list(getattr(reply.outputs["y"], FIELDS.get(dtype, "int_val"))) == 3 * list(field)


@pytest.mark.parametrize("dtype", JSON_VALUES, ids=name_of)
def test_json_holds_what_the_real_server_reads_and_writes(stock: Connection, dtype: tf.DType):
    values = JSON_VALUES[dtype]
    response = stock.post("identities:predict", {"signature_name": dtype.name, "instances": values})
    assert (response.status_code, response.json()) == (200, {"predictions": values})


@pytest.mark.parametrize("dtype", NOT_IN_JSON, ids=name_of)
def test_json_has_no_form_for_the_other_types(stock: Connection, dtype: tf.DType):
    refusal = "Conversion of JSON Value: 1 to type: "
    response = stock.post("identities:predict", {"signature_name": dtype.name, "inputs": 1})
    assert response.status_code == 501
    assert response.json()["error"].startswith(refusal)
    response = stock.post("identities:predict", {"signature_name": dtype.name, "instances": [1]})
    assert response.status_code == 400
    assert response.json()["error"].startswith("Failed to process element: 0 of 'instances' list.")
    assert refusal in response.json()["error"]
