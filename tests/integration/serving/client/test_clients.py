"""Batching, metrics, CORS and the clients, each over a real server."""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.client.answers import ClientError
from serving.client.grpc import GrpcClient
from serving.client.image_model import ImageModel
from serving.client.rest import RestClient
from serving.config_files import BatchingParameters
from serving.errors import Code
from serving.models.config import ModelConfig
from support.serving.fixtures import MNIST_VERSION, Connection, connect
from support.serving.threads import running_server
from support.waiting import DEADLINE_SECONDS


@pytest.fixture(params=["rest", "grpc"])
def make_client(request: pytest.FixtureRequest, connection: Connection) -> Any:
    """Returns a function that makes a client of the running server."""

    def make(model: str) -> Any:
        if request.param == "rest":
            return RestClient(connection.running.url, model)
        return GrpcClient(connection.running.grpc_address, model)

    return make


def test_client_calls_any_signature(make_client: Any):
    with make_client("half_plus_two") as client:
        assert client.predict({"x": [1.0, 2.0]}).outputs["y"].tolist() == [2.5, 3.0]
    with make_client("mixer") as client:
        answer = client.predict({"pair": [[1.0, 2.0]], "name": [b"\xc3\xa9"]}, version=7)
        assert answer.version == 7
        assert answer.outputs["total"].tolist() == [[21.0]]
        assert answer.outputs["raw_bytes"].tolist() == [b"\xc3\xa9"]


def test_client_keeps_bytes_that_end_in_nul(make_client: Any):
    names = [b"ends in\0\0", b"\0", b""]
    with make_client("mixer") as client:
        answer = client.predict({"pair": [[1.0, 2.0]] * 3, "name": names})
    assert answer.outputs["raw_bytes"].tolist() == names
    greetings = answer.outputs["greeting"].tolist()
    assert [_encode(greeting) for greeting in greetings] == [b"hello " + name for name in names]


def _encode(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text


def test_rest_client_asks_for_the_name_of_a_lone_output_only(
    connection: Connection, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "httpx")
    with RestClient(connection.running.url, "mixer") as client:
        client.predict({"pair": [[1.0, 2.0]], "name": ["x"]})
        assert "/metadata" not in caplog.text
    with RestClient(connection.running.url, "half_plus_two") as client:
        for version in (1, 1, None, None):
            assert client.predict({"x": [1.0]}, version=version).outputs["y"].tolist() == [2.5]
    assert caplog.text.count("/versions/1/metadata") == 1
    assert caplog.text.count("half_plus_two/metadata") == 2


def test_client_reads_digits(make_client: Any, digits: tuple[Any, Any]):
    images, labels = digits
    with make_client("mnist") as client:
        started = time.perf_counter()
        answers = ImageModel(client).ask(images)
        milliseconds = 1000 * (time.perf_counter() - started)
        assert sum(a.number == label for a, label in zip(answers, labels, strict=True)) >= 58
        assert all(np.isclose(a.probabilities.sum(), 1) for a in answers)
        assert all(0 < a.milliseconds <= milliseconds for a in answers)
        [state] = client.read_versions()
        assert (state.version, state.state, state.error) == (MNIST_VERSION, "AVAILABLE", "")


@pytest.mark.parametrize(
    ("model", "arguments", "code"),
    [
        ("nope", {}, Code.NOT_FOUND),
        ("half_plus_two", {"version": 9}, Code.NOT_FOUND),
        ("half_plus_two", {"label": "nope"}, Code.INVALID_ARGUMENT),
    ],
)
def test_client_raises_what_the_server_says(
    make_client: Any, model: str, arguments: Any, code: Code
):
    with make_client(model) as client, pytest.raises(ClientError) as error:
        client.predict({"x": [1.0]}, **arguments)
    assert error.value.code is code


@pytest.mark.parametrize("url", ["http://127.0.0.1:PORT", "http://[::1", "nonsense"])
def test_client_says_that_there_is_no_server(url: str, closed_port: int):
    url = url.replace("PORT", str(closed_port))
    with pytest.raises(ClientError):
        RestClient(url, "m", timeout_seconds=2).read_versions()


def test_metrics_page_counts_requests_by_model_and_status(model_configs: list[ModelConfig]):
    with running_server(models=model_configs[:1], metrics_path="/metrics") as running:
        connection = connect(running)
        for body in ({"instances": [1.0, 2.0]}, {"instances": ["a"]}):
            connection.post("half_plus_two:predict", body)
        GrpcClient(running.grpc_address, "half_plus_two").predict({"x": [1.0]})
        connection.post("nope:predict", {"instances": [1]})
        response = connection.rest.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    samples = {
        (sample.name.removeprefix(":tensorflow:serving:"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }
    assert samples["request_count_total", "half_plus_two", "OK"] == 2
    assert samples["request_count_total", "half_plus_two", "INVALID_ARGUMENT"] == 1
    assert samples["request_count_total", "", "NOT_FOUND"] == 1
    assert samples["request_latency_count", "half_plus_two", "predict", "REST"] == 1
    assert samples["request_latency_count", "half_plus_two", "Predict", "GRPC"] == 1
    assert samples["runtime_latency_count", "half_plus_two", "Predict", "TF1"] == 2
    assert samples["request_example_count_total", "half_plus_two"] == 3
    assert ("nope",) not in {key[1:2] for key in samples}


def test_there_is_no_metrics_page_unless_asked_for(model_configs: list[ModelConfig]):
    with running_server(models=model_configs[:1], enable_page=False) as running:
        path = "/monitoring/prometheus/metrics"
        assert httpx.get(f"{running.url}{path}").status_code == 404
        assert httpx.get(f"{running.url}/").status_code == 404


def test_cors_headers_are_sent_where_enabled(model_configs: list[ModelConfig]):
    with running_server(models=model_configs[:1], rest_api_enable_cors_support=True) as running:
        path = f"{running.url}/v1/models/half_plus_two"
        preflight = httpx.options(path, headers={"Origin": "https://elsewhere"})
        assert preflight.status_code == 200
        for response in (preflight, httpx.get(path), httpx.get(f"{path}/versions/9")):
            assert response.headers["access-control-allow-origin"] == "*"
            assert response.headers["access-control-allow-methods"] == "POST, GET"
            assert response.headers["access-control-allow-headers"] == "Content-Type"


@pytest.fixture
def batching_connection(model_configs: list[ModelConfig]) -> Iterator[Connection]:
    """Returns a connection to a server that answers as soon as 8 rows have come, never before."""
    batching = BatchingParameters(
        max_batch_size=8,
        batch_timeout_micros=10**6 * DEADLINE_SECONDS,
        allowed_batch_sizes=(4, 8),
    )
    with running_server(
        models=model_configs, batching=batching, rest_api_timeout_in_ms=1000 * DEADLINE_SECONDS
    ) as running:
        yield connect(running)


def test_batching_gives_every_client_its_own_answer(
    batching_connection: Connection, digits: tuple[Any, Any]
):
    images, _ = digits
    metrics = batching_connection.running.server.metrics
    rest = RestClient(batching_connection.running.url, "mnist", timeout_seconds=DEADLINE_SECONDS)
    model = ImageModel(rest)
    alone = model.ask(images[:8])
    calls_before = metrics.wrapped_run_count.value()
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(lambda row: model.ask(images[row % 8 : row % 8 + 1])[0], range(80))
        )
    for row, answer in enumerate(answers):
        np.testing.assert_allclose(answer.probabilities, alone[row % 8].probabilities, atol=1e-5)
    assert metrics.wrapped_run_count.value() - calls_before == 10


def test_batching_refuses_what_is_larger_than_a_batch(batching_connection: Connection):
    response = batching_connection.post("half_plus_two:predict", {"instances": [1.0] * 9})
    assert response.status_code == 400
    assert response.json() == {"error": "Task size 9 is larger than maximum input batch size 8"}
