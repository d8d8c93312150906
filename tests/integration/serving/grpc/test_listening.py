"""Where gRPC and REST listen, to whom, and what else answers there."""

import json
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.client.answers import ClientError
from serving.client.grpc import GrpcClient
from serving.errors import Code
from serving.models.config import ModelConfig
from serving.options import read_ssl_config
from support.free_ports import has_ipv6_loopback
from support.serving.stock_models.fixtures import make_predict_request, read_outputs
from support.serving.threads import RunningServer, running_server
from support.tls.certificates import write_certificate
from support.waiting import DEADLINE_SECONDS

MODEL = "half_plus_two"


def ask(channel: grpc.Channel) -> object:
    """Asks for the half of 2.0, plus two."""
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    request = make_predict_request(MODEL, x=[2.0])
    return read_outputs(stub.Predict(request, timeout=DEADLINE_SECONDS))


@contextmanager
def folder_for_socket() -> Iterator[Path]:
    # The folders of pytest may have longer names than a socket can.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def socket_path() -> Iterator[Path]:
    with folder_for_socket() as folder:
        yield folder / "grpc.sock"


@pytest.mark.skipif(not has_ipv6_loopback(), reason="this machine has no IPv6 loopback")
def test_both_apis_listen_on_an_ipv6_address(model_configs: list[ModelConfig]):
    with running_server(models=model_configs[:1], host="::1") as running:
        url = f"http://[::1]:{running.server.rest_port}/v1/models/{MODEL}:predict"
        reply = httpx.post(url, json={"instances": [2.0]}, timeout=DEADLINE_SECONDS)
        assert reply.json() == {"predictions": [3.0]}
        with grpc.insecure_channel(f"[::1]:{running.server.grpc_port}") as channel:
            assert ask(channel) == {"y": [3.0]}


@pytest.mark.parametrize("port", [0, None], ids=["beside a port", "alone"])
def test_unix_socket_answers_though_a_dead_server_has_left_its_own(
    model_configs: list[ModelConfig], socket_path: Path, port: int | None
):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_path))
    assert socket_path.is_socket()
    with running_server(
        models=model_configs[:1], grpc_socket_path=str(socket_path), port=port
    ) as running:
        assert (running.server.grpc_port is None) == (port is None)
        with grpc.insecure_channel(f"unix:{socket_path}") as channel:
            assert ask(channel) == {"y": [3.0]}
    assert not socket_path.exists()


def test_socket_is_taken_over_from_a_living_server_as_in_tensorflow_serving(
    model_configs: list[ModelConfig], socket_path: Path
):
    options: dict[str, Any] = {"models": model_configs[:1], "grpc_socket_path": str(socket_path)}
    with (
        running_server(**options),
        running_server(**options),
        grpc.insecure_channel(f"unix:{socket_path}") as channel,
    ):
        assert ask(channel) == {"y": [3.0]}


def test_file_of_another_is_no_socket_and_stays(
    model_configs: list[ModelConfig], socket_path: Path
):
    socket_path.write_text("notes")
    with (
        pytest.raises(OSError, match=rf"gRPC can't listen at unix:{socket_path}: expected"),
        running_server(models=model_configs[:1], grpc_socket_path=str(socket_path)),
    ):
        pytest.fail("it listens")
    assert socket_path.read_text() == "notes"


@pytest.mark.parametrize("is_enabled", [True, False], ids=["on", "off"])
def test_health_check_is_there_unless_it_is_turned_off(
    model_configs: list[ModelConfig],
    is_enabled: bool,  # noqa: FBT001 - a parameter of the test
):
    with (
        running_server(
            models=model_configs[:1], enable_grpc_healthcheck_service=is_enabled
        ) as running,
        grpc.insecure_channel(running.grpc_address) as channel,
    ):
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service="PredictionService")
        if is_enabled:
            assert stub.Check(request).status == health_pb2.HealthCheckResponse.SERVING
        else:
            with pytest.raises(grpc.RpcError) as error:
                stub.Check(request)
            assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED
        assert ask(channel) == {"y": [3.0]}


@pytest.fixture(scope="module")
def server_pem(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Returns key and certificate of the server."""
    return write_certificate(tmp_path_factory.mktemp("server"), "127.0.0.1").read_text()


@pytest.fixture(scope="module")
def client_pem(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Returns key and certificate of a client, which is also who vouches for it."""
    return write_certificate(tmp_path_factory.mktemp("client"), "client").read_text()


@pytest.fixture(scope="module", params=[False, True], ids=["any client", "known clients"])
def encrypted(
    model_configs: list[ModelConfig],
    server_pem: str,
    client_pem: str,
    request: pytest.FixtureRequest,
) -> Iterator[tuple[RunningServer, Path, bool]]:
    """Returns a server with an SSLConfig, its socket, and whether it verifies its clients."""
    fields = {"server_key": server_pem, "server_cert": server_pem, "custom_ca": client_pem}
    lines = [f"{name}: {json.dumps(value)}" for name, value in fields.items()]
    with folder_for_socket() as folder:
        file = folder / "ssl.config"
        file.write_text("\n".join([*lines, f"client_verify: {str(request.param).lower()}"]))
        with running_server(
            models=model_configs[:1],
            grpc_tls=read_ssl_config(file),
            grpc_socket_path=str(folder / "grpc.sock"),
        ) as running:
            yield running, folder / "grpc.sock", request.param


def test_ssl_config_encrypts_port_and_socket(
    encrypted: tuple[RunningServer, Path, bool], server_pem: str, client_pem: str
):
    running, path, _ = encrypted
    pem = client_pem.encode()
    credentials = grpc.ssl_channel_credentials(server_pem.encode(), pem, pem)
    name_of_server = [("grpc.ssl_target_name_override", "127.0.0.1")]
    for address, options in ((running.grpc_address, []), (f"unix:{path}", name_of_server)):
        with grpc.secure_channel(address, credentials, options) as channel:
            assert ask(channel) == {"y": [3.0]}


def test_ssl_config_refuses_plain_text_and_leaves_rest_alone(
    encrypted: tuple[RunningServer, Path, bool],
):
    running, path, _ = encrypted
    for address in (running.grpc_address, f"unix:{path}"):
        with grpc.insecure_channel(address) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            with pytest.raises(grpc.RpcError) as error:
                stub.Predict(predict_pb2.PredictRequest(), timeout=DEADLINE_SECONDS)
            assert error.value.code() is grpc.StatusCode.UNAVAILABLE
    assert httpx.get(f"{running.url}/v1/models/{MODEL}").status_code == 200


def test_client_without_a_certificate_is_refused_where_clients_are_verified(
    encrypted: tuple[RunningServer, Path, bool], server_pem: str
):
    running, _, are_verified = encrypted
    with GrpcClient(
        running.grpc_address,
        MODEL,
        ca_certificate=server_pem.encode(),
        timeout_seconds=DEADLINE_SECONDS,
    ) as client:
        if are_verified:
            with pytest.raises(ClientError) as error:
                client.predict({"x": [2.0]})
            assert error.value.code is Code.UNAVAILABLE
        else:
            assert client.predict({"x": [2.0]}).outputs["y"].tolist() == [3.0]


def test_certificate_that_nobody_vouches_for_is_refused_where_clients_are_verified(
    encrypted: tuple[RunningServer, Path, bool], server_pem: str, tmp_path: Path
):
    running, _, are_verified = encrypted
    pem = write_certificate(tmp_path, "stranger").read_bytes()
    credentials = grpc.ssl_channel_credentials(server_pem.encode(), pem, pem)
    with grpc.secure_channel(running.grpc_address, credentials) as channel:
        if are_verified:
            with pytest.raises(grpc.RpcError) as error:
                ask(channel)
            assert error.value.code() is grpc.StatusCode.UNAVAILABLE
        else:
            assert ask(channel) == {"y": [3.0]}
