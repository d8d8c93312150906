"""TF Serving's gRPC API with the stubs that its clients use."""

from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import wrappers_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    input_pb2,
    model_pb2,
    predict_pb2,
    regression_pb2,
)

from support.serving.fixtures import MNIST_VERSION, Connection

METADATA_FIELD = "signature_def"


def spec(name: str, signature: str = "", version: int | None = None) -> model_pb2.ModelSpec:
    value = None if version is None else wrappers_pb2.Int64Value(value=version)
    return model_pb2.ModelSpec(name=name, signature_name=signature, version=value)


def predict(connection: Connection, model: model_pb2.ModelSpec, **inputs: Any) -> Any:
    request = predict_pb2.PredictRequest(model_spec=model)
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(
            value if isinstance(value, tensor_pb2.TensorProto) else tf.make_tensor_proto(value)
        )
    return connection.predictions.Predict(request)


def examples(*values: float) -> input_pb2.Input:
    request_input = input_pb2.Input()
    for value in values:
        feature = tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
        request_input.example_list.examples.add().CopyFrom(
            tf.train.Example(features=tf.train.Features(feature={"x": feature}))
        )
    return request_input


def refusal(call: Any, *arguments: Any, **inputs: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as error:
        call(*arguments, **inputs)
    return error.value.code(), error.value.details()


def test_predict_fills_the_typed_fields_and_says_who_answered(connection: Connection):
    reply = predict(connection, spec("half_plus_two"), x=np.array([1, 2], np.float32))
    assert list(reply.outputs["y"].float_val) == [2.5, 3.0]
    assert reply.model_spec == spec("half_plus_two", "serving_default", 1)


def test_predict_of_several_inputs_and_outputs(connection: Connection):
    reply = predict(connection, spec("mixer"), pair=np.array([[1, 2]], np.float32), name=[b"\xff"])
    outputs = {name: tf.make_ndarray(value).tolist() for name, value in reply.outputs.items()}
    assert outputs == {"total": [[21.0]], "greeting": [b"hello \xff"], "raw_bytes": [b"\xff"]}


@pytest.mark.parametrize("signature", ["serve_images", "serving_default"])
def test_predict_with_our_model(connection: Connection, digits: tuple[Any, Any], signature: str):
    images, labels = digits
    serialized = [
        tf.train.Example(
            features=tf.train.Features(
                feature={
                    "image": tf.train.Feature(
                        bytes_list=tf.train.BytesList(value=[image.tobytes()])
                    )
                }
            )
        ).SerializeToString()
        for image in images
    ]
    inputs = {"images": images} if signature == "serve_images" else {"examples": serialized}
    reply = predict(connection, spec("mnist", signature, MNIST_VERSION), **inputs)
    probabilities = tf.make_ndarray(reply.outputs["probabilities"])
    assert probabilities.shape == (64, 10)
    assert list(reply.outputs["classes"].int64_val) == probabilities.argmax(axis=1).tolist()
    assert (probabilities.argmax(axis=1) == labels).sum() >= 58


def test_half_precision_goes_both_ways(connection: Connection):
    reply = predict(connection, spec("mixer", "half"), value=np.array([1.5], np.float16))
    assert tf.make_ndarray(reply.outputs["value_out"]).tolist() == [3.0]


def test_output_filter_chooses_outputs(connection: Connection):
    request = predict_pb2.PredictRequest(model_spec=spec("mixer"), output_filter=["total"])
    request.inputs["pair"].CopyFrom(tf.make_tensor_proto([[1.0, 2.0]]))
    request.inputs["name"].CopyFrom(tf.make_tensor_proto(["a"]))
    assert list(connection.predictions.Predict(request).outputs) == ["total"]
    request.output_filter.append("total")
    code, text = refusal(connection.predictions.Predict, request)
    assert (code, text) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "duplicate output tensor alias: total",
    )
    del request.output_filter[:]
    request.output_filter.append("nope")
    _, text = refusal(connection.predictions.Predict, request)
    assert text.startswith("output tensor alias not found in signature: nope")


def test_classify_and_regress(connection: Connection):
    classified = connection.predictions.Classify(
        classification_pb2.ClassificationRequest(
            model_spec=spec("half_plus_two", "classify_x_to_y"), input=examples(1.0, 2.0)
        )
    )
    first = classified.result.classifications[0].classes
    assert [(entry.label, entry.score) for entry in first] == [("more", 2.5), ("less", -2.5)]
    assert classified.model_spec.version.value == 1
    regressed = connection.predictions.Regress(
        regression_pb2.RegressionRequest(
            model_spec=spec("half_plus_two", "regress_x_to_y"), input=examples(1.0, 2.0)
        )
    )
    assert [entry.value for entry in regressed.result.regressions] == [2.5, 3.0]


def test_a_label_that_is_not_utf8_is_refused_as_over_rest(connection: Connection):
    over_rest = connection.post("mixer:classify", {"signature_name": "mislabel", "examples": [{}]})
    classify = classification_pb2.ClassificationRequest(
        model_spec=spec("mixer", "mislabel"), input=examples(1.0)
    )
    several = inference_pb2.MultiInferenceRequest(input=examples(1.0))
    several.tasks.add(
        model_spec=spec("mixer", "mislabel"), method_name="tensorflow/serving/classify"
    )

    assert over_rest.status_code == 400
    for call, request in (
        (connection.predictions.Classify, classify),
        (connection.predictions.MultiInference, several),
    ):
        assert refusal(call, request) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            over_rest.json()["error"],
        )


def test_multi_inference_answers_each_task_about_the_same_examples(connection: Connection):
    request = inference_pb2.MultiInferenceRequest(input=examples(1.0))
    for method in ("classify", "regress"):
        request.tasks.add(
            model_spec=spec("half_plus_two", f"{method}_x_to_y"),
            method_name=f"tensorflow/serving/{method}",
        )
    classified, regressed = connection.predictions.MultiInference(request).results
    assert classified.classification_result.classifications[0].classes[0].score == 2.5
    assert regressed.regression_result.regressions[0].value == 2.5
    request.tasks.append(request.tasks[0])
    assert refusal(connection.predictions.MultiInference, request) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "Duplicate evaluation of signature: classify_x_to_y",
    )


def test_metadata_holds_the_signatures(connection: Connection):
    request = get_model_metadata_pb2.GetModelMetadataRequest(
        model_spec=spec("mixer"), metadata_field=[METADATA_FIELD]
    )
    reply = connection.predictions.GetModelMetadata(request)
    assert reply.model_spec == spec("mixer", version=7)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert reply.metadata[METADATA_FIELD].Unpack(signatures)
    assert set(signatures.signature_def["serving_default"].inputs) == {"pair", "name"}
    request.metadata_field[:] = ["other"]
    assert refusal(connection.predictions.GetModelMetadata, request) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "Metadata field other is not supported",
    )


def test_status_of_a_model(connection: Connection):
    request = get_model_status_pb2.GetModelStatusRequest(model_spec=spec("mixer"))
    [entry] = connection.models.GetModelStatus(request).model_version_status
    assert (entry.version, entry.state, entry.status.error_code) == (7, entry.AVAILABLE, 0)
    request.model_spec.version.value = 9
    assert refusal(connection.models.GetModelStatus, request) == (
        grpc.StatusCode.NOT_FOUND,
        "Could not find version 9 of model mixer",
    )


@pytest.mark.parametrize("service", ["", "PredictionService", "ModelService"])
def test_health_service_says_serving(connection: Connection, service: str):
    stub = health_pb2_grpc.HealthStub(connection.channel)
    reply = stub.Check(health_pb2.HealthCheckRequest(service=service))
    assert reply.status == health_pb2.HealthCheckResponse.SERVING


def test_session_service_is_not_offered_as_in_tf_servings_server(connection: Connection):
    call = connection.channel.unary_unary("/tensorflow.serving.SessionService/SessionRun")
    code, _ = refusal(call, b"")
    assert code is grpc.StatusCode.UNIMPLEMENTED


FLOATS = np.array([1], np.float32)
HUGE = tf.make_tensor_proto(FLOATS)
HUGE.tensor_shape.dim[0].size = 10**12
NEGATIVE = tf.make_tensor_proto(FLOATS)
NEGATIVE.tensor_shape.dim[0].size = -1
CUT_OFF = tf.make_tensor_proto(np.arange(10, dtype=np.float32))
CUT_OFF.tensor_content = CUT_OFF.tensor_content[:7]
NO_TYPE = tensor_pb2.TensorProto()
RESOURCE = tensor_pb2.TensorProto(dtype=tf.resource.as_datatype_enum)


@pytest.mark.parametrize(
    ("model", "inputs", "code", "text"),
    [
        (model_pb2.ModelSpec(), {"x": FLOATS}, "INVALID_ARGUMENT", "no name specified"),
        (spec("nope"), {"x": FLOATS}, "NOT_FOUND", "Servable not found for request: Latest(nope)"),
        (
            spec("half_plus_two", "nope"),
            {"x": FLOATS},
            "FAILED_PRECONDITION",
            'Serving signature key "nope" not found.',
        ),
        (
            spec("half_plus_two"),
            {},
            "INVALID_ARGUMENT",
            (
                "input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. "
                "Missing but required: {x}."
            ),
        ),
        (spec("half_plus_two"), {"y": FLOATS}, "INVALID_ARGUMENT", "Signature input alias: x"),
        (spec("half_plus_two"), {"x": [b"a"]}, "INVALID_ARGUMENT", "float but string is"),
        (spec("half_plus_two"), {"x": HUGE}, "INVALID_ARGUMENT", "values, expected at most"),
        (spec("half_plus_two"), {"x": NEGATIVE}, "INVALID_ARGUMENT", "tensor parsing error: x"),
        (spec("half_plus_two"), {"x": CUT_OFF}, "INVALID_ARGUMENT", "tensor parsing error: x"),
        (spec("half_plus_two"), {"x": NO_TYPE}, "INVALID_ARGUMENT", "tensor parsing error: x"),
        (spec("half_plus_two"), {"x": RESOURCE}, "INVALID_ARGUMENT", "tensor parsing error: x"),
    ],
)
def test_bad_request_is_refused_with_the_right_code(
    connection: Connection, model: model_pb2.ModelSpec, inputs: Any, code: str, text: str
):
    received, details = refusal(predict, connection, model, **inputs)
    assert received.name == code
    assert text in details


def test_request_without_a_model_is_refused(connection: Connection):
    for call, request in (
        (connection.predictions.Predict, predict_pb2.PredictRequest()),
        (connection.models.GetModelStatus, get_model_status_pb2.GetModelStatusRequest()),
    ):
        assert refusal(call, request) == (grpc.StatusCode.INVALID_ARGUMENT, "Missing ModelSpec")


def test_request_without_examples_is_refused(connection: Connection):
    request = regression_pb2.RegressionRequest(model_spec=spec("half_plus_two", "regress_x_to_y"))
    assert refusal(connection.predictions.Regress, request) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "Input is empty.",
    )
