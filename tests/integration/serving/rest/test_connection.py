"""Clients that close their side of a connection, and what they are still answered."""

import socket

import pytest

from support.serving.fixtures import Connection
from support.waiting import DEADLINE_SECONDS

BODY = b'{"instances": [2]}'
HEAD = b"POST /v1/models/half_plus_two:predict HTTP/1.1\r\nHost: x\r\n"
WHOLE = HEAD + f"Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n12\r\n" + BODY + b"\r\n0\r\n\r\n"
STATUS = b"GET /v1/models/half_plus_two HTTP/1.1\r\nHost: x\r\n\r\n"


def send_and_finish(connection: Connection, data: bytes) -> bytes:
    """Sends data and the end of it; returns all that comes until the server ends, too."""
    address = ("127.0.0.1", connection.running.server.rest_port or 0)
    with socket.create_connection(address, timeout=DEADLINE_SECONDS) as raw:
        raw.sendall(data)
        raw.shutdown(socket.SHUT_WR)
        with raw.makefile("rb") as answer:
            return answer.read()


@pytest.mark.parametrize(
    ("data", "num_answers"),
    [
        (WHOLE, 1),
        (CHUNKED, 1),
        (STATUS, 1),
        (WHOLE + STATUS + WHOLE, 3),
        (b"", 0),
        (WHOLE[:-1], 0),
        (HEAD, 0),
    ],
    ids=["length", "chunked", "GET", "pipelined", "nothing", "half a body", "half a head"],
)
def test_what_has_come_as_a_whole_is_answered_though_the_client_sends_no_more(
    connection: Connection, data: bytes, num_answers: int
):
    answers = send_and_finish(connection, data)
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == answers.count(b"HTTP/1.1 ") == num_answers
    assert answers.count(b'{"predictions":[3.0]}') == data.count(BODY) * bool(num_answers)


def test_large_body_behind_which_the_client_closes_is_answered(connection: Connection):
    body = b'{"instances": [' + b"2," * 500_000 + b"2]}"
    head = HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode()
    answer = send_and_finish(connection, head + body)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.count(b"3.0") == 500_001
