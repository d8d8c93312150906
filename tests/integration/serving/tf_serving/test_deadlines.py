"""A call ends at its deadline, or when its client goes, and takes nobody's place any longer.

The model counts for ever; how far it has got tells whether a call of it still runs.
"""

import logging
import os
import socket
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import pytest

from serving.config_files import BatchingParameters
from serving.models.config import ModelConfig
from support.serving.fixtures import Connection
from support.serving.stock_models.fixtures import make_predict_request, read_outputs, stock_server
from support.waiting import DEADLINE_SECONDS, wait_until

# What never ends is given little, what must be answered all the time that it may take.
SHORT_SECONDS = 0.3
# Headers must arrive in it, too.
REST_SECONDS = 1.5
NUM_EQUAL_LOOKS = 4
ENDLESS = ["serving_default", "in_a_function"]
# More than there are threads where one is kept for each processor.
MANY = (os.cpu_count() or 1) + 2
START = np.array([0], np.int64)
REST_BODY = b'{"instances": [0]}'
REST_CALL = (
    b"POST /v1/models/endless:predict HTTP/1.1\r\nHost: x\r\n"
    + f"Content-Length: {len(REST_BODY)}\r\n\r\n".encode()
    + REST_BODY
)
CANCELLED = ':tensorflow:serving:request_count{model_name="endless",status="CANCELLED"}'
PREDICTIONS = "/tensorflow.serving.PredictionService"


@pytest.fixture(
    scope="module",
    params=[None, BatchingParameters(num_batch_threads=2 * MANY)],
    ids=["direct", "batching"],
)
def server(stock_models: list[ModelConfig], request: pytest.FixtureRequest) -> Iterator[Connection]:
    """Returns a connection to a server that gives a REST call little time."""
    with stock_server(
        stock_models,
        *("endless", "half_plus_two"),
        batching=request.param,
        rest_api_timeout_in_ms=int(1000 * REST_SECONDS),
    ) as connection:
        yield connection


def ask(connection: Connection, model: str, signature: str, **inputs: object) -> dict[str, Any]:
    """Asks what must be answered."""
    request = make_predict_request(model, signature, **inputs)
    return read_outputs(connection.predictions.Predict(request, timeout=DEADLINE_SECONDS))


def begin_endless(
    connection: Connection, signature: str = "serving_default", *, timeout: float = DEADLINE_SECONDS
) -> grpc.Future:
    request = make_predict_request("endless", signature, start=START)
    return connection.predictions.Predict.future(request, timeout=timeout)


def read_ticks(connection: Connection) -> int:
    return ask(connection, "endless", "ticks")["ticks"]


def wait_until_counting(connection: Connection) -> None:
    before = read_ticks(connection)
    wait_until(lambda: read_ticks(connection) > before, "the call to run")


def wait_until_at_rest(connection: Connection) -> None:
    """Returns when nothing counts any longer."""
    seen: list[int] = []

    def is_at_rest() -> bool:
        seen.append(read_ticks(connection))
        # Several, since a loop on a busy machine may rest for a moment and go on.
        return len(seen) >= NUM_EQUAL_LOOKS and len(set(seen[-NUM_EQUAL_LOOKS:])) == 1

    wait_until(is_at_rest, "the call to end", pause_seconds=0.1)


@pytest.mark.parametrize("signature", ENDLESS)
def test_deadline_of_a_grpc_client_ends_the_run(server: Connection, signature: str):
    for _ in range(MANY):
        error = begin_endless(server, signature, timeout=SHORT_SECONDS).exception()
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    wait_until_at_rest(server)
    assert ask(server, "half_plus_two", "", x=[2.0]) == {"y": [3.0]}


@pytest.mark.parametrize("signature", ENDLESS)
def test_timeout_of_rest_ends_the_run(server: Connection, signature: str):
    body = {"signature_name": signature, "instances": [0]}
    for _ in range(MANY):
        response = server.post("endless:predict", body)
        assert (response.status_code, response.json()) == (
            504,
            {"error": "Timed out waiting for notification"},
        )
    wait_until_at_rest(server)


def test_client_that_hangs_up_ends_its_run(server: Connection):
    for _ in range(MANY):
        call = begin_endless(server)
        wait_until_counting(server)
        call.cancel()
        wait_until_at_rest(server)


def test_run_in_tensorflows_own_threads_ends_too(stock_models: list[ModelConfig]):
    with stock_server(stock_models, "endless", tensorflow_inter_op_parallelism=2) as connection:
        for signature in ENDLESS:
            error = begin_endless(connection, signature, timeout=SHORT_SECONDS).exception()
            assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            wait_until_at_rest(connection)
        call = begin_endless(connection)
        wait_until_counting(connection)
        call.cancel()
        wait_until_at_rest(connection)


def test_another_model_and_another_signature_answer_meanwhile(server: Connection):
    calls = [begin_endless(server) for _ in range(MANY)]
    wait_until_counting(server)
    assert ask(server, "half_plus_two", "", x=[2.0]) == {"y": [3.0]}
    assert ask(server, "endless", "quick", start=START) == {"next": [1]}
    assert not any(call.done() for call in calls)
    for call in calls:
        call.cancel()
    wait_until_at_rest(server)


def test_place_of_a_client_that_hung_up_is_free(stock_models: list[ModelConfig]):
    with stock_server(stock_models, "endless", max_inflight_requests=2) as connection:
        for _ in range(3):
            call = begin_endless(connection)
            wait_until_counting(connection)
            call.cancel()
            wait_until_at_rest(connection)


def open_rest(connection: Connection) -> socket.socket:
    address = ("127.0.0.1", connection.running.server.rest_port or 0)
    return socket.create_connection(address, timeout=DEADLINE_SECONDS)


def reset(client: socket.socket) -> None:
    """Hangs up as a process does that dies with something unread."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def count_cancelled(connection: Connection) -> float:
    lines = connection.running.server.metrics.render().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(CANCELLED))


@pytest.mark.parametrize("hang_up", [socket.socket.close, reset], ids=["close", "reset"])
def test_rest_client_that_hangs_up_ends_its_run_and_frees_its_place(
    stock_models: list[ModelConfig],
    caplog: pytest.LogCaptureFixture,
    hang_up: Callable[[socket.socket], None],
):
    with stock_server(stock_models, "endless", max_inflight_requests=2) as connection:
        for number in range(3):
            with open_rest(connection) as client:
                client.sendall(REST_CALL)
                wait_until_counting(connection)
                hang_up(client)
            wait_until_at_rest(connection)
            assert count_cancelled(connection) == number + 1
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_rest_client_that_sends_no_more_and_reads_is_answered_at_its_timeout(server: Connection):
    with open_rest(server) as client:
        client.sendall(REST_CALL)
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as answer:
            heads = answer.read().split(b"\r\n\r\n")
    assert heads[-1] == b'{"error":"Timed out waiting for notification"}'
    assert heads[-2].startswith(b"HTTP/1.1 504 ")
    assert set(heads[:-2]) <= {b"HTTP/1.1 100 Continue"}


@pytest.mark.parametrize(
    "method", ["Predict", "Classify", "Regress", "MultiInference", "GetModelMetadata"]
)
def test_malformed_message_is_a_bad_request_and_no_fault_of_the_server(
    server: Connection, caplog: pytest.LogCaptureFixture, method: str
):
    call = server.channel.unary_unary(f"{PREDICTIONS}/{method}")
    with caplog.at_level(logging.DEBUG), pytest.raises(grpc.RpcError) as error:
        call(b"\xff\xff\xff", timeout=DEADLINE_SECONDS)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert [record for record in caplog.records if record.exc_info] == []


def test_abandoned_calls_of_many_clients_leave_the_model_free(server: Connection):
    with ThreadPoolExecutor(MANY) as clients:
        bodies = [{"instances": [0]}] * 2 * MANY
        statuses = clients.map(
            lambda body: server.post("endless:predict", body).status_code, bodies
        )
        assert set(statuses) == {504}
    wait_until_at_rest(server)
    assert ask(server, "endless", "quick", start=START) == {"next": [1]}
