"""Runs a model server in a thread of the test."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvloop

from serving.options import ServerOptions
from serving.server import Server
from support.waiting import DEADLINE_SECONDS

# On free ports, and patient: what a test does in between may take long on a busy machine.
_DEFAULTS = {
    "rest_api_port": 0,
    "port": 0,
    "rest_api_timeout_in_ms": 1000 * DEADLINE_SECONDS,
}


@dataclass(frozen=True)
class RunningServer:
    """A server that listens on free ports of this machine."""

    server: Server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.rest_port}"

    @property
    def grpc_address(self) -> str:
        return f"127.0.0.1:{self.server.grpc_port}"


@contextmanager
def running_server(*, until_ready: bool = True, **options: object) -> Iterator[RunningServer]:
    """Starts a server with these `ServerOptions` and stops it at the end.

    Args:
      until_ready: Wait until all models have a version, not only until the server listens.
      options: Others than those of tests.
    """
    server = Server(ServerOptions(**{**_DEFAULTS, **options}))  # type: ignore[arg-type]
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(server.run())
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    thread = threading.Thread(target=run, name="model-server", daemon=True)
    thread.start()
    try:
        wait = server.wait_until_ready if until_ready else server.wait_until_listening
        while not wait(0.1):
            if not thread.is_alive():
                raise failures[0] if failures else RuntimeError("the server ended by itself")
        yield RunningServer(server)
    finally:
        server.stop()
        thread.join(DEADLINE_SECONDS)
        assert not thread.is_alive(), "the server does not stop"
    if failures:
        raise failures[0]
