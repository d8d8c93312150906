"""The graph decides which shapes it takes, and what it refuses fails alone."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest

from serving.config_files import BatchingParameters
from serving.models.config import ModelConfig
from support.serving.fixtures import Connection
from support.serving.stock_models.fixtures import make_predict_request, read_outputs, stock_server

GOOD = {"instances": [[1.0, 2.0]]}
BAD = {"instances": [[1.0, 2.0, 3.0]]}


@pytest.mark.parametrize("value", [2.0, [2.0], [2.0, 4.0], [[2.0], [4.0]], [[[2.0, 4.0]]]])
def test_shapes_of_the_signature_bind_nobody(stock: Connection, value: object):
    reply = stock.predictions.Predict(make_predict_request("half_plus_two", x=value))
    body = {"inputs": {"x": value}}
    response = stock.post("half_plus_two:predict", body)
    assert response.status_code == 200
    assert response.json()["outputs"] == read_outputs(reply)["y"]


@pytest.mark.parametrize("value", [1.0, [1.0, 2.0], [[1.0, 2.0, 3.0]], [[[1.0]]]])
def test_shape_that_the_graph_can_not_take_is_a_bad_request(stock: Connection, value: object):
    response = stock.post("matrices:predict", {"inputs": {"pair": value}})
    assert response.status_code == 400
    assert response.json()["error"]
    with pytest.raises(grpc.RpcError) as error:
        stock.predictions.Predict(make_predict_request("matrices", pair=value))
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("model", ["convolution", "convolution_in_function", "convolution_in_loop"])
def test_rank_that_would_end_the_process_at_a_convolution_is_a_bad_request(
    stock: Connection, model: str
):
    def ask(images: object) -> list[object]:
        reply = stock.predictions.Predict(make_predict_request(model, images=images))
        features: list[object] = read_outputs(reply)["features"]
        return features

    for rank in (0, 1, 2, 3, 5):
        images = np.ones([4] * rank, np.float32)
        response = stock.post(f"{model}:predict", {"inputs": {"images": images.tolist()}})
        assert response.status_code == 400
        assert "input images: expected shape [?,4,4,1], received [" in response.json()["error"]
        with pytest.raises(grpc.RpcError, match="expected shape") as error:
            ask(images)
        assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert len(ask(np.ones([2, 4, 4, 1], np.float32))) == 2


@pytest.mark.parametrize(
    ("model", "good", "bad"),
    [
        ("matrices", GOOD, BAD),
        ("half_plus_two", {"instances": [1.0]}, {"instances": [{"y": 1.0}]}),
    ],
)
def test_bad_request_fails_alone_among_others(
    stock_models: list[ModelConfig], model: str, good: dict[str, object], bad: dict[str, object]
):
    batching = BatchingParameters(max_batch_size=16, batch_timeout_micros=50_000)
    with (
        stock_server(stock_models, model, batching=batching) as connection,
        ThreadPoolExecutor(8) as clients,
    ):
        bodies = [bad if number % 4 == 3 else good for number in range(16)]
        statuses = clients.map(
            lambda body: connection.post(f"{model}:predict", body).status_code, bodies
        )
        assert list(statuses) == [400 if body is bad else 200 for body in bodies]


def test_inputs_without_rows_in_common_are_not_joined_but_answered(
    stock_models: list[ModelConfig],
):
    # TensorFlow Serving refuses them where it joins requests.
    batching = BatchingParameters(max_batch_size=4, batch_timeout_micros=0)
    columns = {"query": [1.0, 2.0], "candidates": [[1.0, 2.0]]}
    with stock_server(stock_models, "half_plus_two", "columns", batching=batching) as connection:
        reply = connection.post("half_plus_two:predict", {"inputs": {"x": 2.0}}).json()
        assert reply == {"outputs": 3.0}
        reply = connection.post("columns:predict", {"inputs": columns}).json()
        assert reply == {"outputs": {"scores": [5.0], "best": 0}}
