"""Listens for gRPC clients with grpcio, in the event loop of whoever runs it."""

import asyncio

import grpc  # type: ignore[import-untyped]
from grpc_health.v1 import health_pb2_grpc  # type: ignore[import-untyped]

from serving.address import format_address
from serving.grpc.access import AccessCheck
from serving.grpc.handlers import make_generic_handler
from serving.grpc.health import MAX_WATCHERS, HealthService
from serving.grpc.services import ModelService, PredictionService
from serving.options import ServerOptions
from serving.tls import PemTexts, read_pem_texts

# Calls besides inference: health checks and questions about models get through a full house.
_SPARE_CALLS = 64
# A busy machine hands on a call some tenths of a second after it has arrived. Several looks, since
# of one the loop may be late.
_LOOK_SECONDS = 0.1
_QUIET_LOOKS = 3


class GrpcListener:
    """Serves the two services of TF Serving, and that of health checks.

    Attributes:
      port: Where it listens, None if on a UNIX socket alone.
    """

    def __init__(
        self,
        prediction_service: PredictionService,
        model_service: ModelService,
        access_check: AccessCheck | None,
        health: HealthService,
        options: ServerOptions,
    ) -> None:
        """Takes the port and the socket of the options; raises OSError if it can't have them."""
        self._started = asyncio.Event()
        self._grace_seconds = options.shutdown_grace_seconds
        self._server = grpc.aio.server(
            interceptors=[access_check] if access_check else None,
            # Counted before a message is read, which bounds the memory that messages take.
            maximum_concurrent_rpcs=options.max_inflight_requests + MAX_WATCHERS + _SPARE_CALLS,
            options=[
                ("grpc.max_receive_message_length", options.max_request_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),  # a second server on one port is an error, not a riddle
                *options.grpc_channel_arguments,
            ],
        )
        self._health = health
        self._inference = prediction_service.inference
        self._meter = prediction_service.meter
        for service in (prediction_service, model_service):
            handler = make_generic_handler(service, service.methods)
            self._server.add_generic_rpc_handlers((handler,))
        if options.enable_grpc_healthcheck_service:
            health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        pems = options.grpc_tls or (read_pem_texts(options.tls) if options.tls else None)
        self.port = None
        if options.port is not None:
            self.port = self._listen(format_address(options.host, options.port), pems)
        if options.grpc_socket_path:
            self._listen(f"unix:{options.grpc_socket_path}", pems)

    def _listen(self, address: str, pems: PemTexts | None) -> int:
        try:
            if pems:
                port: int = self._server.add_secure_port(address, _grpc_credentials(pems))
            else:
                port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise OSError(
                f"gRPC can't listen at {address}: expected an address of this machine with a free "
                "port, or a new path in a folder that is there; gRPC's own line before this one "
                "says more"
            ) from error
        return port

    async def run(self) -> None:
        """Serves until `stop` was called and all requests are answered."""
        await self._server.start()
        self._started.set()
        await self._server.wait_for_termination()

    async def stop(self) -> None:
        """Takes no more requests, and returns when those under way are answered."""
        self._health.stop()
        await self._started.wait()  # gRPC crashes if it is started after it was stopped
        loop = asyncio.get_running_loop()
        end = loop.time() + self._grace_seconds
        # gRPC cancels calls that have arrived and that it has not handed on yet. So those that were
        # sent before the signal are waited for; then clients that go on are told to go elsewhere.
        await self._wait_until_quiet(end - self._grace_seconds / 2)
        self._inference.close()
        await self._wait_until_quiet(end)
        await self._server.stop(max(end - loop.time(), 0.0))

    async def _wait_until_quiet(self, latest: float) -> None:
        """Returns when no call has come for a moment, or at a time by the loop's clock."""
        loop = asyncio.get_running_loop()
        num_seen, num_looks = self._meter.num_calls, 0
        while num_looks < _QUIET_LOOKS and loop.time() < latest:
            await asyncio.sleep(_LOOK_SECONDS)
            num_looks = num_looks + 1 if num_seen == self._meter.num_calls else 0
            num_seen = self._meter.num_calls


def _grpc_credentials(pems: PemTexts) -> grpc.ServerCredentials:
    return grpc.ssl_server_credentials(
        [(pems.private_key, pems.certificate)],
        root_certificates=pems.client_ca,
        require_client_auth=pems.client_ca is not None,
    )
