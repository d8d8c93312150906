"""Every call is counted by how it ended, and timed if a model answered it: REST and gRPC alike."""

import socket
from collections.abc import Iterator
from typing import Any

import grpc
import httpx
import pytest
import tensorflow as tf
from prometheus_client.parser import text_string_to_metric_families
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    input_pb2,
    model_management_pb2,
    model_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.call_meter import CallMeter
from serving.errors import ServingError
from serving.models.config import ModelConfig
from support.serving.fixtures import Connection, connect
from support.serving.threads import running_server
from support.toy_models import save_half_plus_two, save_mixer
from support.waiting import wait_until

GHOST = "ghost"
TOKEN = "secret"  # noqa: S105 - of this test only
COUNT = ":tensorflow:serving:request_count_total"
TIMES = ":tensorflow:serving:request_latency_count"


@pytest.fixture(scope="module")
def configs(tmp_path_factory: pytest.TempPathFactory) -> list[ModelConfig]:
    """Returns a model, and one that takes as long as it is told."""
    folder = tmp_path_factory.mktemp("measured")
    save_half_plus_two(folder / "m" / "1")
    save_mixer(folder / "slow" / "1")
    return [ModelConfig(name=name, base_path=str(folder / name)) for name in ("m", "slow")]


@pytest.fixture
def server(configs: list[ModelConfig]) -> Iterator[Connection]:
    """Returns a connection to a server that has counted nothing yet."""
    with running_server(
        models=configs, metrics_path="/metrics", shutdown_grace_seconds=1.0
    ) as running:
        yield connect(running)


def samples(server: Connection, name: str) -> dict[tuple[str, ...], float]:
    """Returns what the page of metrics tells under one name, by the values of the labels."""
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(server.rest.get("/metrics").text)
        for sample in family.samples
        if sample.name == name
    }


def spec(signature: str = "", name: str = "m") -> model_pb2.ModelSpec:
    return model_pb2.ModelSpec(name=name, signature_name=signature)


def predict_request(signature: str = "", name: str = "m") -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest(model_spec=spec(signature, name))
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0]))
    return request


def slow_request() -> predict_pb2.PredictRequest:
    """Returns a request that nobody sees answered: its steps take a minute or so."""
    request = predict_pb2.PredictRequest(model_spec=spec("work", "slow"))
    request.inputs["steps"].CopyFrom(tf.make_tensor_proto([100_000]))
    return request


def one_example() -> input_pb2.Input:
    feature = tf.train.Feature(float_list=tf.train.FloatList(value=[1.0]))
    request_input = input_pb2.Input()
    request_input.example_list.examples.add().CopyFrom(
        tf.train.Example(features=tf.train.Features(feature={"x": feature}))
    )
    return request_input


def multi_request(name: str = "m") -> inference_pb2.MultiInferenceRequest:
    request = inference_pb2.MultiInferenceRequest(input=one_example())
    request.tasks.add(
        model_spec=spec("regress_x_to_y", name), method_name="tensorflow/serving/regress"
    )
    return request


def test_error_that_nobody_foresaw_is_counted_as_internal_and_told_to_the_log_alone(
    server: Connection, caplog: pytest.LogCaptureFixture
):
    meter = CallMeter(server.running.server.metrics, server.running.server.manager)

    def fail() -> None:
        with meter.measure("REST", "POST /m") as call:
            call.model_name, call.api = "m", "Predict"
            raise KeyError(GHOST)

    with pytest.raises(ServingError) as error:
        fail()
    assert str(error.value) == "INTERNAL: Internal error; the server's log says more"
    assert samples(server, COUNT) == {("m", "INTERNAL"): 1}
    assert samples(server, TIMES) == {}
    assert f"KeyError: '{GHOST}'" in caplog.text


def test_multi_inference_is_counted_and_timed(server: Connection):
    server.predictions.MultiInference(multi_request())
    with pytest.raises(grpc.RpcError, match="nope"):
        server.predictions.MultiInference(multi_request("nope"))
    with pytest.raises(grpc.RpcError, match="empty model name"):
        server.predictions.MultiInference(inference_pb2.MultiInferenceRequest())
    assert samples(server, COUNT) == {
        ("m", "OK"): 1,
        ("", "NOT_FOUND"): 1,
        ("", "INVALID_ARGUMENT"): 1,
    }
    assert samples(server, TIMES) == {("m", "MultiInference", "GRPC"): 1}


def test_every_grpc_method_is_counted_and_those_that_ask_a_model_are_timed(
    server: Connection, configs: list[ModelConfig]
):
    server.predictions.Predict(predict_request())
    server.predictions.Classify(
        classification_pb2.ClassificationRequest(
            model_spec=spec("classify_x_to_y"), input=one_example()
        )
    )
    server.predictions.Regress(
        regression_pb2.RegressionRequest(model_spec=spec("regress_x_to_y"), input=one_example())
    )
    server.predictions.GetModelMetadata(
        get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=spec(), metadata_field=["signature_def"]
        )
    )
    server.models.GetModelStatus(get_model_status_pb2.GetModelStatusRequest(model_spec=spec()))
    reload = model_management_pb2.ReloadConfigRequest()
    for config in configs:
        reload.config.model_config_list.config.add(
            name=config.name, base_path=config.base_path, model_platform="tensorflow"
        )
    server.models.HandleReloadConfigRequest(reload)
    assert samples(server, COUNT) == {("m", "OK"): 5, ("", "OK"): 1}
    methods = ("Predict", "Classify", "Regress")
    assert samples(server, TIMES) == {("m", method, "GRPC"): 1 for method in methods}


def test_every_rest_method_is_counted_and_those_that_ask_a_model_are_timed(server: Connection):
    examples = {"examples": [{"x": 1.0}]}
    server.post("m:predict", {"instances": [1.0]})
    server.post("m:classify", {"signature_name": "classify_x_to_y", **examples})
    server.post("m:regress", {"signature_name": "regress_x_to_y", **examples})
    server.rest.get("/v1/models/m")
    server.rest.get("/v1/models/m/metadata")
    server.rest.get("/v1/nonsense")
    assert samples(server, COUNT) == {("m", "OK"): 5, ("", "INVALID_ARGUMENT"): 1}
    methods = ("predict", "classify", "regress")
    assert samples(server, TIMES) == {("m", method, "REST"): 1 for method in methods}


def test_call_whose_client_has_gone_is_counted_as_cancelled(server: Connection):
    metrics = server.running.server.metrics
    call = server.predictions.Predict.future(slow_request())
    wait_until(lambda: metrics.example_count_total.value() == 1, "the call to begin")
    call.cancel()
    wait_until(
        lambda: samples(server, COUNT) == {("slow", "CANCELLED"): 1}, "the call to be counted"
    )
    address = "127.0.0.1", server.running.server.rest_port
    with socket.create_connection(address) as client:
        client.sendall(
            b"POST /v1/models/m:predict HTTP/1.1\r\nHost: m\r\nContent-Length: 9\r\n\r\n{"
        )
    wait_until(
        lambda: samples(server, COUNT).get(("m", "CANCELLED")) == 1, "the other to be counted"
    )


def test_call_without_the_token_is_counted_over_both_protocols(configs: list[ModelConfig]):
    with running_server(models=configs, metrics_path="/metrics", bearer_token=TOKEN) as running:
        stranger = connect(running)
        stranger.post("m:predict", {"instances": [1.0]})
        with pytest.raises(grpc.RpcError, match="UNAUTHENTICATED"):
            stranger.predictions.Predict(predict_request())
        headers: dict[str, Any] = {"Authorization": f"Bearer {TOKEN}"}
        page = httpx.get(f"{running.url}/metrics", headers=headers).text
    assert ':tensorflow:serving:request_count{model_name="",status="UNAUTHENTICATED"} 2' in page
