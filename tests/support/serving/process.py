"""Starts `tfx-mnist serve` in a process of its own."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.free_ports import find_free_ports
from support.programs import SERVE
from support.waiting import DEADLINE_SECONDS


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
        return self.process.wait(DEADLINE_SECONDS)


@pytest.fixture
def serve_process(tmp_path: Path) -> Iterator[Callable[..., ServeProcess]]:
    """Returns a function that starts a server with these flags on free ports."""
    processes: list[subprocess.Popen[str]] = []

    def start(*flags: str) -> ServeProcess:
        log = tmp_path / f"serve-{len(processes)}.log"
        process = _start(flags, log)
        processes.append(process)
        text = _read_until_ready(process)
        if "Ready:" not in text:
            pytest.fail(f"exit code {process.wait()}: {text}{log.read_text()}")
        return _describe(process, text, log)

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()


def _start(flags: tuple[str, ...], log: Path) -> subprocess.Popen[str]:
    rest_port, grpc_port = find_free_ports(2)
    # Patient, since what a test does in between may take long on a busy machine.
    patience = f"--rest_api_timeout_in_ms={1000 * DEADLINE_SECONDS}"
    ports = [f"--rest_api_port={rest_port}", f"--port={grpc_port}", patience]
    with log.open("w") as log_file:
        return subprocess.Popen(
            [sys.executable, "-c", SERVE, *ports, *flags],
            stdout=subprocess.PIPE,
            stderr=log_file,
            text=True,
        )


def _read_until_ready(process: subprocess.Popen[str]) -> str:
    """Returns what the server prints until its models answer, or until its end."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith("Ready:"):
            break
    return text


def _describe(process: subprocess.Popen[str], text: str, log: Path) -> ServeProcess:
    rest, grpc_address = re.search(r"REST: (\S+)/v1/", text), re.search(r"gRPC: (\S+)", text)
    assert rest
    assert grpc_address
    return ServeProcess(process, rest[1], grpc_address[1], log)
