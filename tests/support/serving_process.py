"""Starts `tfx-mnist serve` in a process of its own."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_TIMEOUT_SECONDS = 120
_SERVE = "from runners.serve_command import serve; serve()"


@dataclass
class ServeProcess:
    """A server that listens."""

    process: subprocess.Popen[str]
    url: str
    grpc_address: str
    log: Path

    def stop(self) -> int:
        """Asks it to stop as an operator does, and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_TIMEOUT_SECONDS)


@pytest.fixture
def serve_process(tmp_path: Path) -> Iterator[Callable[..., ServeProcess]]:
    """Returns a function that starts a server with these flags on free ports."""
    started: list[ServeProcess] = []

    def start(*flags: str) -> ServeProcess:
        log = tmp_path / f"serve-{len(started)}.log"
        with log.open("w") as log_file:
            process = subprocess.Popen(
                [sys.executable, "-c", _SERVE, *flags],
                stdout=subprocess.PIPE,
                stderr=log_file,
                text=True,
            )
        assert process.stdout is not None
        text = ""
        for line in process.stdout:
            text += line
            if line.startswith("Models:"):
                break
        else:
            pytest.fail(f"exit code {process.wait()}: {text}{log.read_text()}")
        rest = re.search(r"REST: (\S+)/v1/", text)
        grpc_address = re.search(r"gRPC: (\S+)", text)
        server = ServeProcess(
            process,
            rest[1] if rest else "",
            grpc_address[1] if grpc_address else "",
            log,
        )
        started.append(server)
        return server

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
