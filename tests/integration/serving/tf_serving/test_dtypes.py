"""Tensors of every type over gRPC, and of those that JSON has over REST."""

import math
from typing import Any

import grpc
import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from support.serving.fixtures import Connection
from support.serving.stock_models.fixtures import make_predict_request
from support.serving.stock_models.tensors import DTYPES, TINY_DTYPES

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
    **{dtype: "float8_val" for dtype in TINY_DTYPES if dtype.is_floating},
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
        return np.array([b"a\xff\0", b"", b"c"], object)
    if dtype == tf.bool:
        return np.array([True, False, True])
    if dtype.is_complex:
        return np.array([1 + 2j, -0.5j, 3], dtype.as_numpy_dtype)
    if dtype.is_floating:
        return np.array([0.5, -math.inf, 3], dtype.as_numpy_dtype)
    integers = stored_as(dtype)
    bounds = ml_dtypes.iinfo(integers)
    return np.array([bounds.min, 1, bounds.max], integers)


def stored_as(dtype: tf.DType) -> Any:
    """Returns numpy's type of a TensorFlow type, for quantized ones that of their integers."""
    if not dtype.is_quantized:
        return dtype.as_numpy_dtype
    ((integers, _),) = np.dtype(dtype.as_numpy_dtype).fields.values()
    return integers


def typed_proto(dtype: tf.DType, *, shape: tuple[int, ...] = (3,)) -> tensor_pb2.TensorProto:
    """Returns as many values as a shape has, in the field of their type."""
    proto = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum)
    proto.tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())
    set_values(proto, values_of(dtype)[: math.prod(shape)])
    return proto


def set_values(proto: tensor_pb2.TensorProto, values: Any) -> None:
    """Replaces the values in the field of their type."""
    dtype = tf.as_dtype(proto.dtype)
    field = FIELDS.get(dtype, "int_val")
    proto.ClearField(field)
    if field == "float8_val":
        proto.float8_val = values.tobytes()
        return
    if field == "half_val":
        values = values.view(np.uint16)
    elif dtype.is_complex:
        values = values.view(dtype.real_dtype.as_numpy_dtype)
    getattr(proto, field).extend(np.asarray(values).tolist())


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
    alone, filled = typed_proto(dtype), typed_proto(dtype)
    first = values_of(dtype)[:1]
    set_values(alone, first)
    set_values(filled, np.repeat(first, 3))
    reply = stock.predictions.Predict(make_predict_request("identities", dtype.name, x=alone))
    assert reply.outputs["y"] == filled


@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
def test_no_value_at_all_stands_for_zeros(stock: Connection, dtype: tf.DType):
    proto = typed_proto(dtype)
    proto.ClearField(FIELDS.get(dtype, "int_val"))
    zeros = typed_proto(dtype)
    set_values(
        zeros, np.full(3, b"", object) if dtype == tf.string else np.zeros(3, stored_as(dtype))
    )
    reply = stock.predictions.Predict(make_predict_request("identities", dtype.name, x=proto))
    assert reply.outputs["y"] == zeros


@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
def test_lone_value_goes_both_ways(stock: Connection, dtype: tf.DType):
    scalar = typed_proto(dtype, shape=())
    reply = stock.predictions.Predict(make_predict_request("identities", dtype.name, x=scalar))
    assert reply.outputs["y"] == scalar


@pytest.mark.parametrize("dtype", JSON_VALUES, ids=name_of)
def test_lone_value_goes_both_ways_by_json(stock: Connection, dtype: tf.DType):
    for value in JSON_VALUES[dtype]:
        body = {"signature_name": dtype.name, "inputs": value}
        response = stock.post("identities:predict", body)
        assert (response.status_code, response.json()) == (200, {"outputs": value})


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64], ids=name_of)
@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_lone_value_that_is_no_number_is_a_word(stock: Connection, dtype: tf.DType, word: str):
    body = f'{{"signature_name": "{dtype.name}", "inputs": {word}}}'
    response = stock.rest.post("/v1/models/identities:predict", content=body)
    assert (response.status_code, response.text) == (200, f'{{"outputs":{word}}}')


@pytest.mark.parametrize("dtype", TINY_DTYPES, ids=name_of)
def test_more_values_than_the_shape_has_or_than_a_type_has_room_for_are_refused(
    stock: Connection, dtype: tf.DType
):
    crowded, out_of_range = typed_proto(dtype, shape=(1,)), typed_proto(dtype, shape=(1,))
    set_values(crowded, values_of(dtype))
    out_of_range.int_val[:] = [16]
    for proto in (crowded,) if dtype.is_floating else (crowded, out_of_range):
        with pytest.raises(grpc.RpcError) as error:
            stock.predictions.Predict(make_predict_request("identities", dtype.name, x=proto))
        assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert error.value.details() == "tensor parsing error: x"


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
