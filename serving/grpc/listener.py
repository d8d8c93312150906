"""Listens for gRPC clients with grpcio, in the event loop of whoever runs it."""

import grpc  # type: ignore[import-untyped]
from grpc_health.v1 import health_pb2_grpc  # type: ignore[import-untyped]

from serving.grpc.access import AccessCheck
from serving.grpc.handlers import make_generic_handler
from serving.grpc.health import MAX_WATCHERS, HealthService
from serving.grpc.services import ModelService, PredictionService
from serving.options import ServerOptions
from serving.tls import TlsFiles, read_pem

# Calls besides inference: health checks and questions about models get through a full house.
_SPARE_CALLS = 64


class GrpcListener:
    """Serves the two services of TF Serving, and that of health checks.

    Attributes:
      port: Where it listens.
    """

    def __init__(
        self,
        prediction_service: PredictionService,
        model_service: ModelService,
        access_check: AccessCheck,
        options: ServerOptions,
        port: int,
    ) -> None:
        """Takes the port; raises RuntimeError or OSError if somebody else has it."""
        self._grace_seconds = options.shutdown_grace_seconds
        self._server = grpc.aio.server(
            interceptors=[access_check],
            # Counted before a message is read, which bounds the memory that messages take.
            maximum_concurrent_rpcs=options.max_inflight_requests + MAX_WATCHERS + _SPARE_CALLS,
            options=[
                ("grpc.max_receive_message_length", options.max_request_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),  # a second server on one port is an error, not a riddle
            ],
        )
        self._health = HealthService()
        for service in (prediction_service, model_service):
            handler = make_generic_handler(service, service.methods)
            self._server.add_generic_rpc_handlers((handler,))
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


def _grpc_credentials(tls: TlsFiles) -> grpc.ServerCredentials:
    return grpc.ssl_server_credentials(
        [(read_pem(tls.private_key), read_pem(tls.certificate))],
        root_certificates=read_pem(tls.client_ca) if tls.client_ca else None,
        require_client_auth=tls.client_ca is not None,
    )
