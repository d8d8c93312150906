"""`tensorflow_model_server`, started as scripts for TensorFlow Serving start it."""

import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from serving.client.grpc import GrpcClient
from support.free_ports import find_free_ports
from support.programs import MODEL_SERVER
from support.toy_models import save_half_plus_two
from support.waiting import DEADLINE_SECONDS, wait_until


@dataclass(frozen=True)
class ModelServer:
    """The process, and the files that it prints to."""

    process: subprocess.Popen[bytes]
    output: Path
    log: Path

    def wait_for(self, text: str) -> None:
        """Returns when a text stands in the log."""

        def is_logged() -> bool:
            assert self.process.poll() is None or text in self.log.read_text(), self.log.read_text()
            return text in self.log.read_text()

        wait_until(is_logged, text)

    def terminate(self) -> int:
        """Asks it to stop, and returns its exit code."""
        self.process.terminate()
        return self.process.wait(DEADLINE_SECONDS)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., ModelServer]]:
    """Returns a function that starts the program in `tmp_path` with the flags of a test."""
    with ExitStack() as stack:

        def start(*flags: str) -> ModelServer:
            output, log = tmp_path / "stdout.txt", tmp_path / "stderr.txt"
            process = subprocess.Popen(
                [sys.executable, "-c", MODEL_SERVER, *flags],
                stdout=stack.enter_context(output.open("wb")),
                stderr=stack.enter_context(log.open("wb")),
                cwd=tmp_path,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return ModelServer(process, output, log)

        yield start


def end_of(server: ModelServer) -> tuple[int, str]:
    """Returns the exit code of a server that ends by itself, and the last line of its log."""
    code = server.process.wait(DEADLINE_SECONDS)
    log = server.log.read_text()
    assert "Traceback" not in log
    return code, log.splitlines()[-1]


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_ports_open_when_every_model_of_the_file_has_a_version(
    start: Callable[..., ModelServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    save_half_plus_two(tmp_path / "early" / "1")
    staged = save_half_plus_two(tmp_path / "staged")
    (tmp_path / "late").mkdir()
    entries = [
        f'config {{ name: "{name}" base_path: "{tmp_path / name}" model_platform: "tensorflow" }}'
        for name in ("early", "late")
    ]
    (tmp_path / "models.config").write_text(f"model_config_list {{ {' '.join(entries)} }}")
    rest_port, grpc_port = find_free_ports(2)

    server = start(
        f"--port={grpc_port}",
        f"--rest_api_port={rest_port}",
        "--grpc_socket_path=grpc.sock",
        "--model_config_file=models.config",
        *("--prefer_tflite_model", "--num_tflite_pools=3", "--mixed_precision=bfloat16"),
    )
    server.wait_for("Successfully loaded servable version {name: early version: 1}")
    server.wait_for("No versions of servable late found under base path")
    assert not is_open(rest_port)
    assert not is_open(grpc_port)
    assert not (tmp_path / "grpc.sock").exists()
    staged.rename(tmp_path / "late" / "1")
    server.wait_for(f"Exporting HTTP/REST API at:localhost:{rest_port} ...")

    url = f"http://127.0.0.1:{rest_port}/v1/models/late:predict"
    reply = httpx.post(url, json={"instances": [2.0]}, timeout=DEADLINE_SECONDS)
    assert reply.json() == {"predictions": [3.0]}
    monkeypatch.chdir(tmp_path)  # whose name may be too long for the path of a socket
    for address in (f"127.0.0.1:{grpc_port}", "unix:grpc.sock"):
        with GrpcClient(address, "early") as client:
            assert client.predict({"x": [2.0]}).outputs["y"].tolist() == [3.0]
    assert server.terminate() == 0
    assert not (tmp_path / "grpc.sock").exists()
    assert server.output.read_text() == ""
    log = server.log.read_text()
    assert f"Running gRPC ModelServer at 0.0.0.0:{grpc_port} ..." in log
    assert "Running gRPC ModelServer at UNIX socket grpc.sock ..." in log
    ignored = [line for line in log.splitlines() if "change nothing here" in line]
    assert [re.findall(r"--\w+", line) for line in ignored] == [
        ["--mixed_precision", "--num_tflite_pools", "--prefer_tflite_model"]
    ]


def test_server_that_waits_for_a_model_ends_when_it_is_told_to(
    start: Callable[..., ModelServer], tmp_path: Path
):
    [port] = find_free_ports(1)
    server = start(f"--port={port}", f"--model_base_path={tmp_path / 'missing'}")
    server.wait_for(f"Could not find base path {tmp_path / 'missing'} for servable default")
    assert not is_open(port)
    assert server.terminate() == 0


def test_model_that_never_loads_ends_the_server_with_the_reason(
    start: Callable[..., ModelServer], tmp_path: Path
):
    (tmp_path / "m" / "1").mkdir(parents=True)
    [port] = find_free_ports(1)
    server = start(f"--port={port}", "--model_base_path=m", "--max_num_load_retries=0")
    code, line = end_of(server)
    assert code == 1
    assert "1 model(s) did not become available: {{name: default version: 1}" in line
    assert f"export directory path: {tmp_path / 'm' / '1'}" in line


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--model_base_pth=m"], "No such option '--model_base_pth'."),
        (["--model_base_path=m", "--port=x"], "Invalid value for '--port': 'x'"),
        ([], "server_options.model_base_path and server_options.model_config_file are empty!"),
    ],
)
def test_command_line_of_no_use_is_one_error(
    start: Callable[..., ModelServer], flags: list[str], message: str
):
    server = start(*flags)
    code, line = end_of(server)
    assert code == 2
    assert message in line


@pytest.mark.parametrize(
    ("flags", "place"),
    [
        (["--port={taken}"], "0.0.0.0:{taken}"),
        (["--port=0", "--rest_api_port={taken}"], "('0.0.0.0', {taken})"),
        (["--port=0", "--grpc_socket_path=none/grpc.sock"], "unix:none/grpc.sock"),
    ],
    ids=["gRPC", "REST", "socket"],
)
def test_place_that_can_not_be_listened_at_is_one_error_that_names_it(
    start: Callable[..., ModelServer], tmp_path: Path, flags: list[str], place: str
):
    save_half_plus_two(tmp_path / "m" / "1")
    with socket.create_server(("", 0)) as socket_of_another:
        taken = socket_of_another.getsockname()[1]
        server = start("--model_base_path=m", *(flag.format(taken=taken) for flag in flags))
        code, line = end_of(server)
    assert code == 1
    assert line.startswith("Error: ")
    assert place.format(taken=taken) in line
