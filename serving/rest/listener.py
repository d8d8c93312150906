"""Listens for clients: HTTP with uvicorn, gRPC with grpcio, both in one event loop."""

import asyncio
import contextlib
import functools
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import grpc  # type: ignore[import-untyped]
import uvicorn
from grpc_health.v1 import health_pb2_grpc  # type: ignore[import-untyped]
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.access import Gate
from serving.grpc.access import AccessCheck
from serving.grpc.health import MAX_WATCHERS, HealthService
from serving.grpc.services import ModelService, PredictionService
from serving.options import ServerOptions
from serving.rest.connection import HttpConnection
from serving.tls import TlsFiles, read_pem

_GOODBYE_SECONDS = 1.0
# Calls besides inference: health checks and questions about models get through a full house.
_SPARE_CALLS = 64


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


class GrpcListener:
    """Serves the two services of TF Serving, and that of health checks.

    Attributes:
      port: Where it listens.
    """

    def __init__(
        self,
        prediction_service: PredictionService,
        model_service: ModelService,
        gate: Gate,
        options: ServerOptions,
        port: int,
    ) -> None:
        """Takes the port; raises RuntimeError or OSError if somebody else has it."""
        self._grace_seconds = options.shutdown_grace_seconds
        self._server = grpc.aio.server(
            interceptors=[AccessCheck(gate)],
            # Counted before a message is read, which bounds the memory that messages take.
            maximum_concurrent_rpcs=options.max_inflight_requests + MAX_WATCHERS + _SPARE_CALLS,
            options=[
                ("grpc.max_receive_message_length", options.max_request_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),  # a second server on one port is an error, not a riddle
            ],
        )
        self._health = HealthService()
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            prediction_service, self._server
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(model_service, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        host = f"[{options.host}]" if ":" in options.host else options.host
        address = f"{host}:{port}"
        if options.tls:
            self.port = self._server.add_secure_port(address, _grpc_credentials(options.tls))
        else:
            self.port = self._server.add_insecure_port(address)

    async def run(self) -> None:
        """Serves until `stop` was called and all requests are answered."""
        await self._server.start()
        await self._server.wait_for_termination()

    async def stop(self) -> None:
        """Takes no more requests, and returns when those under way are answered."""
        self._health.stop()
        await self._server.stop(self._grace_seconds)


def _uvicorn_tls(tls: TlsFiles | None) -> dict[str, Any]:
    if tls is None:
        return {}
    read_pem(tls.certificate)
    read_pem(tls.private_key)
    arguments: dict[str, Any] = {"ssl_certfile": tls.certificate, "ssl_keyfile": tls.private_key}
    if tls.client_ca:
        read_pem(tls.client_ca)
        arguments |= {"ssl_ca_certs": tls.client_ca, "ssl_cert_reqs": ssl.CERT_REQUIRED}
    return arguments


def _grpc_credentials(tls: TlsFiles) -> grpc.ServerCredentials:
    return grpc.ssl_server_credentials(
        [(read_pem(tls.private_key), read_pem(tls.certificate))],
        root_certificates=read_pem(tls.client_ca) if tls.client_ca else None,
        require_client_auth=tls.client_ca is not None,
    )
