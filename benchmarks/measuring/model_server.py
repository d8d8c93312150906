"""Starts a model server for a benchmark, and reads what it uses."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_BATCHING = "max_batch_size { value: 32 } batch_timeout_micros { value: 1000 }"
_SERVE = "from runners.commands.serve import serve; serve()"


@dataclass(frozen=True)
class ServerUnderTest:
    """A server that listens.

    Attributes:
      process_id: Its process.
      rest_port: Of its REST API.
      grpc_address: Of its gRPC API.
      started: When it was started, in seconds of `time.perf_counter()`.
    """

    process_id: int
    rest_port: int
    grpc_address: str
    started: float

    def read_cpu_seconds(self) -> float:
        """Returns the CPU time that it has used, user and system."""
        fields = Path(f"/proc/{self.process_id}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def read_memory_mb(self) -> float:
        """Returns the memory that it has in use (resident set size)."""
        status = Path(f"/proc/{self.process_id}/status").read_text()
        [kilobytes] = re.findall(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
        return int(kilobytes) / 1024


@contextmanager
def serving(base_path: Path, *, batching: bool) -> Iterator[ServerUnderTest]:
    """Serves the models below a folder as `m`, over REST and gRPC, until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        flags = ["--model_name=m", f"--model_base_path={base_path}"]
        flags += ["--tensorflow_intra_op_parallelism=1"]
        if batching:
            parameters = Path(folder) / "batching.config"
            parameters.write_text(_BATCHING)
            flags += ["--enable_batching", f"--batching_parameters_file={parameters}"]
        process, target = _start(flags)
        try:
            yield target
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _start(flags: list[str]) -> tuple[subprocess.Popen[str], ServerUnderTest]:
    """Starts a server on free ports; returns when it listens."""
    address = ("127.0.0.1", 0)
    for _ in range(5):  # somebody else may take a port before the server does
        with socket.create_server(address) as rest, socket.create_server(address) as grpc:
            rest_port, grpc_port = rest.getsockname()[1], grpc.getsockname()[1]
        command = [sys.executable, "-c", _SERVE, f"--rest_api_port={rest_port}"]
        command += [f"--port={grpc_port}", *flags]
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        if any(line.startswith("Ready:") for line in process.stdout or ()):
            return process, ServerUnderTest(
                process.pid, rest_port, f"127.0.0.1:{grpc_port}", started
            )
        process.wait()
    raise RuntimeError("the server ended five times before it listened")
