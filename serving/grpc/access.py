"""Checks the token of gRPC calls before their messages are read."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc  # type: ignore[import-untyped]

from serving.access import Gate
from serving.call_meter import CallMeter
from serving.errors import ServingError

# Probes of an orchestrator have no token.
_OPEN = "/grpc.health.v1.Health/"


class AccessCheck(grpc.aio.ServerInterceptor):
    """Lets calls pass that present the token, and health checks."""

    def __init__(self, gate: Gate, meter: CallMeter) -> None:
        self._gate = gate
        self._meter = meter

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any
    ) -> Any:
        """Returns what answers a call: its own handler, or one that refuses."""
        if handler_call_details.method.startswith(_OPEN):
            return await continuation(handler_call_details)
        metadata = dict(handler_call_details.invocation_metadata or ())
        try:
            self._gate.check(metadata.get("authorization"))
        except ServingError as error:
            self._meter.count("", error.code)
            return _make_refusal(error)
        return await continuation(handler_call_details)


def _make_refusal(error: ServingError) -> grpc.RpcMethodHandler:
    async def refuse(_: Any, context: grpc.aio.ServicerContext) -> None:
        await context.abort(grpc.StatusCode[error.code.name], error.message)

    # Of a stream nothing is read unless the handler asks for it.
    return grpc.stream_unary_rpc_method_handler(refuse)
