"""Outputs that can't be sent, or not as the signature says, are no fault of the server."""

import logging
from collections.abc import Iterator

import grpc
import pytest
import tensorflow as tf

from serving.models.config import ModelConfig
from support.serving.fixtures import Connection
from support.serving.stock_models.fixtures import make_predict_request, read_outputs, stock_server

MODEL = "odd_outputs"
SECRET = "what only the log may say"  # noqa: S105 - it is none


def refusal(stock: Connection, signature: str) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as error:
        stock.predictions.Predict(make_predict_request(MODEL, signature, x=[1.0]))
    return error.value.code(), error.value.details()


def test_handle_is_no_output_that_can_be_sent(stock: Connection, caplog: pytest.LogCaptureFixture):
    code, reason = refusal(stock, "table")
    assert code is grpc.StatusCode.UNIMPLEMENTED
    assert reason.startswith("The output handle is of type resource, which can't be sent; leave")
    response = stock.post(f"{MODEL}:predict", {"signature_name": "table", "inputs": [1.0]})
    assert (response.status_code, response.json()) == (
        400,
        {"error": "Failed to write JSON value for tensor type: resource"},
    )
    assert [record for record in caplog.records if record.exc_info] == []


def test_values_beside_a_handle_are_sent_to_who_asks_for_them_alone(stock: Connection):
    request = make_predict_request(MODEL, "table", x=[1.0])
    request.output_filter.append("values")
    assert read_outputs(stock.predictions.Predict(request)) == {"values": [1.0]}


def test_list_of_tensorflows_own_is_no_output_that_can_be_sent(stock: Connection):
    reason = "The output list is of type variant, which can't be sent"
    assert refusal(stock, "list") == (grpc.StatusCode.UNIMPLEMENTED, reason)
    response = stock.post(f"{MODEL}:predict", {"signature_name": "list", "instances": [1.0]})
    assert (response.status_code, response.json()) == (501, {"error": reason})


def test_outputs_are_of_their_own_type_whatever_the_signature_says(stock: Connection):
    body = {"signature_name": "mistaken", "inputs": [1.0]}
    assert stock.post(f"{MODEL}:predict", body).json() == {
        "outputs": {"numbers": [2.0], "strings": ["1.0"]}
    }
    reply = stock.predictions.Predict(make_predict_request(MODEL, "mistaken", x=[1.0]))
    assert read_outputs(reply) == {"numbers": [2.0], "strings": [b"1.0"]}


@pytest.fixture
def failing(
    stock_models: list[ModelConfig], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Connection]:
    """Returns a connection to a server whose next run ends as TensorFlow's never should."""
    with stock_server(stock_models, "half_plus_two") as connection:
        run = tf.compat.v1.Session._call_tf_sessionrun  # noqa: SLF001 - what the server calls
        faults = [RuntimeError(SECRET)]

        def fail_once(*arguments: object) -> object:
            if faults:
                raise faults.pop()
            return run(*arguments)

        monkeypatch.setattr(tf.compat.v1.Session, "_call_tf_sessionrun", fail_once)
        yield connection


@pytest.mark.parametrize("method", ["Predict", "predict"], ids=["gRPC", "REST"])
def test_fault_that_nobody_foresaw_is_told_to_the_log_alone(
    failing: Connection, caplog: pytest.LogCaptureFixture, method: str
):
    answer = "Internal error; the server's log says more"
    request, body = make_predict_request("half_plus_two", x=[2.0]), {"instances": [2.0]}
    if method == "Predict":
        with pytest.raises(grpc.RpcError) as error:
            failing.predictions.Predict(request)
        assert (error.value.code(), error.value.details()) == (grpc.StatusCode.INTERNAL, answer)
    else:
        response = failing.post("half_plus_two:predict", body)
        assert (response.status_code, response.json()) == (500, {"error": answer})
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert method in record.getMessage()
    assert SECRET in caplog.text
    assert "Traceback" in caplog.text
    # It was this call's alone.
    assert read_outputs(failing.predictions.Predict(request)) == {"y": [3.0]}
    assert failing.post("half_plus_two:predict", body).json() == {"predictions": [3.0]}
