"""What a server does with clients that are slow, greedy, unknown or malicious."""

import contextlib
import dataclasses
import datetime as dt
import gzip
import ipaddress
import json
import secrets
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import httpx
import numpy as np
import pytest
import tensorflow as tf
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from grpc_health.v1 import health_pb2, health_pb2_grpc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.client.answers import ClientError
from serving.client.grpc import GrpcClient
from serving.client.rest import RestClient
from serving.errors import Code, ServingError
from serving.grpc.health import MAX_WATCHERS
from serving.models.config import ModelConfig
from serving.tls import TlsFiles, read_tls
from support.serving.fixtures import Connection, connect
from support.serving.threads import running_server
from support.waiting import DEADLINE_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

Reply = health_pb2.HealthCheckResponse
TOKEN = secrets.token_hex()
HALF = "/v1/models/half_plus_two:predict"
# Longer than `running_server` waits for its server to stop: it must not be what ends it.
ENDLESS_SECONDS = 10.0 * DEADLINE_SECONDS
SLOW: dict[str, Any] = {"signature_name": "work", "instances": [100_000]}
NUMBERS = st.integers() | st.floats(width=32) | st.booleans() | st.none() | st.text(max_size=3)
ROWS = st.recursive(
    NUMBERS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner)
)


@given(st.dictionaries(st.sampled_from(["instances", "inputs", "signature_name"]), ROWS))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_json_makes_the_server_fail(connection: Connection, document: Any):
    for model in ("half_plus_two", "mixer", "mnist"):
        response = connection.rest.post(
            f"/v1/models/{model}:predict", content=json.dumps(document).encode()
        )
        assert response.status_code in (200, 400)


def test_example_that_is_neither_a_message_nor_text_is_a_bad_request(connection: Connection):
    response = connection.post("mnist:predict", {"instances": [{"b64": "/w=="}]})
    assert response.status_code == 400
    assert "Could not parse example input" in response.json()["error"]
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "mnist"
    request.inputs["examples"].CopyFrom(tf.make_tensor_proto([b"\xff"]))
    with pytest.raises(grpc.RpcError) as error:
        connection.predictions.Predict(request)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@given(st.binary(min_size=1, max_size=40))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_tensor_makes_the_server_fail(connection: Connection, noise: bytes):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "mnist"
    request.model_spec.signature_name = "serve_images"
    tensor = request.inputs["images"]
    tensor.CopyFrom(tf.make_tensor_proto(np.zeros((1, 28, 28), np.uint8)))
    tensor.tensor_content = noise
    for size, dim in zip(noise, tensor.tensor_shape.dim, strict=False):
        dim.size = size - 128
    with pytest.raises(grpc.RpcError) as error:
        connection.predictions.Predict(request)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/..%2F..%2Fetc%2Fpasswd",
        "/v1/models/%00",
        "/v1/models/%ff%fe/metadata",
        "/v1/models/half_plus_two/labels/..%2f..",
        "//v1/models/half_plus_two",
        "/../../etc/passwd",
    ],
)
def test_path_never_reaches_the_file_system(connection: Connection, path: str):
    with socket.create_connection(("127.0.0.1", connection.running.server.rest_port or 0)) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = raw.makefile("rb").read()
    status = int(answer.split()[1])
    assert status in (200, 400, 404)
    assert b"root:" not in answer
    if status == 200:  # TF Serving pays no heed to a label in a question for the status
        assert b"model_version_status" in answer


def test_deep_nesting_and_long_numbers_are_refused(connection: Connection):
    for body in (b"[" * 200_000, b'{"instances": ' + b"[" * 5000 + b"]" * 5000 + b"}"):
        assert connection.rest.post(HALF, content=body).status_code == 400
    body = b'{"instances": [' + b"9" * 100_000 + b"]}"
    assert connection.rest.post(HALF, content=body).status_code == 400


def test_request_beyond_the_limits_is_refused_and_the_server_goes_on(
    model_configs: list[ModelConfig],
):
    with running_server(
        models=model_configs, max_request_bytes=10_000, max_request_values=3
    ) as running:
        connection = connect(running)
        large = b'{"instances": [' + b"1," * 10_000 + b"1]}"
        answers = [
            connection.rest.post(HALF, content=large),
            connection.rest.post(HALF, content=iter([large])),
            connection.rest.post(
                HALF, content=gzip.compress(large), headers={"Content-Encoding": "gzip"}
            ),
        ]
        assert [answer.status_code for answer in answers] == [413, 413, 413]
        assert answers[0].json() == {"error": "The request body is larger than 10000 bytes"}
        rows = connection.post("half_plus_two:predict", {"instances": [1, 2, 3, 4]})
        assert rows.status_code == 400
        assert "The request has 4 values, expected at most 3" in rows.json()["error"]
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "half_plus_two"
        request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.zeros(10_000, np.float32)))
        with pytest.raises(grpc.RpcError) as error:
            connection.predictions.Predict(request)
        assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert connection.post("half_plus_two:predict", {"instances": [1]}).status_code == 200


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", b"no gzip", 400),
        ("gzip", gzip.compress(b'{"instances": [1]}', mtime=0)[:-9], 400),
        ("br", b"", 415),
    ],
    ids=["no gzip", "cut gzip", "unknown"],
)
def test_damaged_or_unknown_compression_is_refused(
    connection: Connection, encoding: str, body: bytes, status: int
):
    headers = {"Content-Encoding": encoding}
    assert connection.rest.post(HALF, content=body, headers=headers).status_code == status


def test_slow_call_and_slow_client_are_cut_off(model_configs: list[ModelConfig]):
    with running_server(
        models=model_configs, rest_api_timeout_in_ms=2000, shutdown_grace_seconds=5.0
    ) as running:
        slow = connect(running).post("mixer:predict", SLOW)
        assert slow.status_code == 504
        assert slow.json() == {"error": "Timed out waiting for notification"}
        with socket.create_connection(("127.0.0.1", running.server.rest_port or 0)) as raw:
            head = f"POST {HALF} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
            raw.sendall(head.encode() + b'{"instances"')
            answer = HTTPResponse(raw)
            answer.begin()
            assert answer.status == 408
            assert b"did not arrive within 2 s" in answer.read()


def test_one_request_too_many_is_refused_while_the_others_are_still_being_sent(
    model_configs: list[ModelConfig],
):
    with running_server(models=model_configs[:1], max_inflight_requests=1) as running:
        address = ("127.0.0.1", running.server.rest_port or 0)
        with socket.create_connection(address) as slow:
            slow.sendall(WHOLE[:-1])
            wait_until(
                lambda: post(running.url).status_code == 429, "the slow request to be under way"
            )
            with pytest.raises(ClientError, match="1 requests are under way already") as error:
                GrpcClient(running.grpc_address, "half_plus_two").predict({"x": [1.0]})
            assert error.value.code is Code.RESOURCE_EXHAUSTED
            assert httpx.get(f"{running.url}/v1/models/half_plus_two").status_code == 200
            slow.sendall(WHOLE[-1:])
            answer = HTTPResponse(slow)
            answer.begin()
            assert answer.status == 200
        assert post(running.url).status_code == 200


def post(url: str) -> httpx.Response:
    return httpx.post(f"{url}{HALF}", content=BODY)


def talk(port: int, *parts: bytes) -> bytes:
    """Sends parts for as long as the server takes them; returns all that it answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS) as raw:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                raw.sendall(part)
        received = b""
        with contextlib.suppress(ConnectionError):
            while chunk := raw.recv(65536):
                received += chunk
    return received


POST = f"POST {HALF} HTTP/1.1\r\nHost: x\r\n".encode()
BODY = b'{"instances": [2]}'
WHOLE = POST + f"Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY


@pytest.mark.parametrize(
    "parts",
    [
        [POST + b"X: ", *[b"x" * 1000] * 66],
        [POST, *[b"X: " + b"x" * 1000 + b"\r\n"] * 66],
        [POST + b"X: " + b"x" * 66_000 + b"\r\n\r\n"],
        [b"GET /" + b"x" * 66_000 + b" HTTP/1.1\r\n\r\n"],
        [POST, *[b"X:\r\n"] * 17_000],
    ],
    ids=["a header", "headers", "at once", "URL", "many headers"],
)
def test_head_of_a_request_is_read_up_to_a_limit(connection: Connection, parts: list[bytes]):
    answer = talk(connection.running.server.rest_port or 0, *parts)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert answer.endswith(b'{"error":"The headers are larger than 65536 bytes"}')


def test_large_body_and_headers_below_the_limit_are_taken(connection: Connection):
    headers = {"X": "x" * 60_000}
    response = connection.rest.post(HALF, content=BODY + b" " * 2**20, headers=headers)
    assert response.json() == {"predictions": [3.0]}


def test_trailers_are_read_up_to_the_same_limit(connection: Connection):
    chunk = f"{len(BODY):x}\r\n".encode() + BODY + b"\r\n"
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    port = connection.running.server.rest_port or 0
    assert b" 431 " not in talk(port, head + chunk + b"0\r\nX: x\r\n\r\n" + b"\r\n" * 4)
    # The connection ends though the client goes on, and not because time has run out. So many
    # bytes are never read at once: what comes in one piece with the body's end is not counted.
    assert b" 408 " not in talk(port, head + chunk + b"0\r\nX: ", *[b"x" * 1000] * 2000)


@pytest.mark.parametrize(
    ("start", "answer"),
    [
        (b"", b""),
        (b"POST", b"HTTP/1.1 408 "),
        (POST + b"X: ", b"HTTP/1.1 408 "),
        (b"nonsense\r\n\r\n", b"HTTP/1.1 400 "),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nno number\r\n", b"HTTP/1.1 400 "),
        (WHOLE + WHOLE, b"HTTP/1.1 200 "),
        (WHOLE + b"\r\n", b"HTTP/1.1 200 "),
        (WHOLE + POST, b"HTTP/1.1 200 "),
    ],
    ids=[
        "nothing",
        "method",
        "half",
        "no HTTP",
        "no chunk",
        "two",
        "a line more",
        "one and a half",
    ],
)
def test_client_that_never_ends_its_request_is_hung_up_on(
    model_configs: list[ModelConfig], start: bytes, answer: bytes
):
    # What is to be answered must never time out, however busy the machine; what is to time out must
    # have arrived by then.
    is_to_time_out = answer in (b"", b"HTTP/1.1 408 ")
    milliseconds = 2000 if is_to_time_out else 30_000
    with running_server(models=model_configs[:1], rest_api_timeout_in_ms=milliseconds) as running:
        received = talk(running.server.rest_port or 0, start)
    assert received[: len(answer)] == answer
    assert received.count(b"HTTP/1.1 200 ") == start.count(BODY)


def test_client_that_hangs_up_does_no_harm(connection: Connection):
    for _ in range(20):
        with socket.create_connection(
            ("127.0.0.1", connection.running.server.rest_port or 0)
        ) as raw:
            raw.sendall(f"POST {HALF} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{{".encode())
    assert connection.post("half_plus_two:predict", {"instances": [1]}).status_code == 200


def test_requests_under_way_are_answered_before_the_server_stops(model_configs: list[ModelConfig]):
    with (
        running_server(models=model_configs, shutdown_grace_seconds=ENDLESS_SECONDS) as running,
        ThreadPoolExecutor(2) as threads,
    ):
        connection = connect(running)
        body = {"signature_name": "work", "instances": [1000]}
        over_rest = threads.submit(connection.post, "mixer:predict", body)
        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = "mixer", "work"
        request.inputs["steps"].CopyFrom(tf.make_tensor_proto([1000], tf.int32))
        over_grpc = threads.submit(connection.predictions.Predict, request)
        counts = running.server.metrics.example_count_total
        wait_until(lambda: counts.value() == 2, "both calls to begin")
        running.server.stop()
        assert over_rest.result().json() == {"predictions": [1000.0]}
        assert list(over_grpc.result().outputs["done"].float_val) == [1000.0]


def first_of(address: str, service: str) -> int:
    """Returns what a new stream begins with, as soon as one may be opened."""
    status: list[int] = []

    def is_opened() -> bool:
        with contextlib.suppress(grpc.RpcError):
            status.append(next(watch(address, service)).status)
        return bool(status)

    wait_until(is_opened, "a stream to be opened")
    return status[0]


def watch(address: str, service: str = "") -> Any:
    stub = health_pb2_grpc.HealthStub(grpc.insecure_channel(address))
    return stub.Watch(health_pb2.HealthCheckRequest(service=service))


def test_open_health_streams_leave_room_for_others_and_end_when_the_server_stops(
    model_configs: list[ModelConfig],
):
    with running_server(
        models=model_configs[:1], max_inflight_requests=1, shutdown_grace_seconds=ENDLESS_SECONDS
    ) as running:
        streams = [watch(running.grpc_address) for _ in range(MAX_WATCHERS)]
        assert [next(stream).status for stream in streams] == [Reply.SERVING] * MAX_WATCHERS
        with pytest.raises(grpc.RpcError) as error:
            next(watch(running.grpc_address))
        assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        client = GrpcClient(running.grpc_address, "half_plus_two")
        assert client.predict({"x": [1.0]}).outputs["y"].tolist() == [2.5]
        streams.pop().cancel()
        assert first_of(running.grpc_address, "unheard_of") == Reply.SERVICE_UNKNOWN
    # It has stopped, though its grace has not run out.
    for stream in streams:
        assert [reply.status for reply in stream] == [Reply.NOT_SERVING]


def test_grpc_token_is_asked_for_before_a_message_is_read(model_configs: list[ModelConfig]):
    with running_server(
        models=model_configs[:1], bearer_token=TOKEN, max_request_bytes=1000
    ) as running:
        inputs = {"x": np.zeros(10_000, np.float32)}
        for token, code in ((None, Code.UNAUTHENTICATED), (TOKEN, Code.RESOURCE_EXHAUSTED)):
            with pytest.raises(ClientError) as error:
                GrpcClient(running.grpc_address, "half_plus_two", token=token).predict(inputs)
            assert error.value.code is code
        stub = health_pb2_grpc.HealthStub(grpc.insecure_channel(running.grpc_address))
        reply = stub.Check(health_pb2.HealthCheckRequest())
        assert reply.status == Reply.SERVING


@pytest.mark.parametrize(
    "header",
    [None, "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer"],
    ids=["none", "wrong", "other scheme", "no scheme", "empty"],
)
def test_without_the_token_no_model_is_named_or_answers(
    model_configs: list[ModelConfig], header: str | None
):
    headers = {"Authorization": header} if header else {}
    with running_server(models=model_configs[:1], bearer_token=TOKEN, metrics_path="/m") as run:
        rest = httpx.Client(base_url=run.url, headers=headers)
        for path in ("/v1/models/half_plus_two", "/v1/models/nope", "/v1/nothing", "/m"):
            response = rest.get(path)
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == "Bearer"
        assert "half_plus_two" not in rest.get("/").text
        assert "half_plus_two" in rest.get("/", headers={"Authorization": f"Bearer {TOKEN}"}).text
        with pytest.raises(ClientError, match="Bearer"):
            GrpcClient(run.grpc_address, "half_plus_two", token=TOKEN[1:]).read_versions()
        for client in (
            RestClient(run.url, "half_plus_two", token=TOKEN),
            GrpcClient(run.grpc_address, "half_plus_two", token=TOKEN),
        ):
            assert client.predict({"x": [1.0]}).outputs["y"].tolist() == [2.5]


@pytest.fixture(scope="module")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    """Writes a certificate for 127.0.0.1 that signs itself."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    addresses = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    now = dt.datetime.now(tz=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = TlsFiles(certificate=folder / "certificate.pem", private_key=folder / "key.pem")
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.private_key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@pytest.mark.parametrize("wrong", ["certificate", "private_key", "client_ca"])
def test_tls_files_that_are_no_good_are_refused_before_the_server_listens(
    model_configs: list[ModelConfig], tls_files: TlsFiles, tmp_path: Path, wrong: str
):
    (tmp_path / "wrong.pem").write_text("no PEM")
    files = dataclasses.replace(tls_files, **{wrong: tmp_path / "wrong.pem"})
    with pytest.raises(ServingError, match=r"expected .*PEM.*wrong\.pem"):
        read_tls(files.certificate, files.private_key, files.client_ca)
    rest_only: dict[str, Any] = {"models": model_configs[:1], "port": None, "tls": files}
    with pytest.raises(ssl.SSLError), running_server(**rest_only):
        pytest.fail("it listens")


def test_both_ports_are_encrypted_with_tls(model_configs: list[ModelConfig], tls_files: TlsFiles):
    with running_server(models=model_configs[:1], tls=tls_files) as running:
        url = running.url.replace("http://", "https://")
        certificate = tls_files.certificate
        clients: list[Callable[[], Any]] = [
            lambda: RestClient(url, "half_plus_two", ca_file=str(certificate)),
            lambda: GrpcClient(
                running.grpc_address, "half_plus_two", ca_certificate=certificate.read_bytes()
            ),
        ]
        for make_client in clients:
            with make_client() as client:
                assert client.predict({"x": [1.0]}).outputs["y"].tolist() == [2.5]
        with pytest.raises(ClientError, match="can't be reached"):
            RestClient(url, "half_plus_two").read_versions()
        with pytest.raises(ClientError):
            RestClient(running.url, "half_plus_two", timeout_seconds=2).read_versions()
        plain = grpc.insecure_channel(running.grpc_address)
        stub = prediction_service_pb2_grpc.PredictionServiceStub(plain)
        with pytest.raises(grpc.RpcError):
            stub.Predict(predict_pb2.PredictRequest(), timeout=2)


class PatientLoop(uvloop.Loop):
    """Waits for the client's part in the end of TLS for as long as the test would."""

    async def create_server(self, *arguments: Any, **named_arguments: Any) -> Any:
        return await super().create_server(
            *arguments, **named_arguments, ssl_shutdown_timeout=ENDLESS_SECONDS
        )


def test_idle_connections_do_not_hold_up_the_stop(
    model_configs: list[ModelConfig], tls_files: TlsFiles, monkeypatch: pytest.MonkeyPatch
):
    # Who waits 30 seconds, as uvloop does, is told from who does not wait without a clock.
    monkeypatch.setattr(uvloop, "new_event_loop", PatientLoop)
    with running_server(
        models=model_configs[:1], tls=tls_files, shutdown_grace_seconds=ENDLESS_SECONDS
    ) as running:
        url = running.url.replace("http://", "https://")
        client = RestClient(url, "half_plus_two", ca_file=str(tls_files.certificate))
        client.read_versions()
    # The server has stopped, though this client, which does not read, never said goodbye.
    client.close()


def test_client_certificate_is_asked_for(
    model_configs: list[ModelConfig], tls_files: TlsFiles, tmp_path: Path
):
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(tls_files.certificate.read_bytes())
    tls = TlsFiles(
        certificate=tls_files.certificate, private_key=tls_files.private_key, client_ca=ca_file
    )
    with running_server(models=model_configs[:1], tls=tls) as running:
        url = running.url.replace("http://", "https://")
        with pytest.raises(ClientError):
            RestClient(url, "half_plus_two", ca_file=str(ca_file)).read_versions()
