"""Listens for HTTP clients with uvicorn, in the event loop of whoever runs it."""

import asyncio
import contextlib
import functools
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import uvicorn

from serving.options import ServerOptions
from serving.rest.connection import HttpConnection
from serving.tls import TlsFiles, read_pem_texts

_GOODBYE_SECONDS = 1.0


class _QuietServer(uvicorn.Server):
    """Leaves signals to whoever runs it, which has more to stop than HTTP."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets requests end, and does not wait for what clients with TLS say after that."""
        hanging_up = asyncio.create_task(self._hang_up())
        try:
            await super().shutdown(sockets)
        finally:
            hanging_up.cancel()

    async def _hang_up(self) -> None:
        """Ends connections that are closed here and that clients do not close.

        A client that keeps an idle connection does not read, so it does not take part in the end
        of TLS, for which asyncio and uvloop wait 30 seconds.
        """
        while True:
            await asyncio.sleep(_GOODBYE_SECONDS)
            for connection in list(self.server_state.connections):
                transport = connection.transport
                if transport.is_closing() and not transport.get_write_buffer_size():
                    transport.abort()


class RestListener:
    """Serves an ASGI application.

    Attributes:
      port: Where it listens.
    """

    def __init__(self, application: Any, options: ServerOptions, port: int) -> None:
        """Takes the port; raises OSError if somebody else has it."""
        family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
        self._socket = socket.create_server((options.host, port), family=family, backlog=2048)
        self.port: int = self._socket.getsockname()[1]
        connection: Any = functools.partial(
            HttpConnection, timeout_seconds=options.rest_api_timeout_in_ms / 1000
        )
        config = uvicorn.Config(
            application,
            http=connection,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=round(options.shutdown_grace_seconds),
            **_uvicorn_tls(options.tls),
        )
        config.load()  # reads the files for TLS now, not when clients are told that they can come
        self._server = _QuietServer(config)

    async def run(self) -> None:
        """Serves until `stop` was called and all requests are answered."""
        await self._server.serve(sockets=[self._socket])

    async def stop(self) -> None:
        """Takes no more connections, and lets `run` return when all requests are answered."""
        self._server.should_exit = True


def _uvicorn_tls(tls: TlsFiles | None) -> dict[str, Any]:
    if tls is None:
        return {}
    read_pem_texts(tls)  # an error of uvicorn's would not name the file
    arguments: dict[str, Any] = {"ssl_certfile": tls.certificate, "ssl_keyfile": tls.private_key}
    if tls.client_ca:
        arguments |= {"ssl_ca_certs": tls.client_ca, "ssl_cert_reqs": ssl.CERT_REQUIRED}
    return arguments
