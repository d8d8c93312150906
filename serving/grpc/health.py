"""The health check of gRPC, which ends its streams when the server stops.

https://github.com/grpc/grpc/blob/master/doc/health-checking.md
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import grpc  # type: ignore[import-untyped]
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]

MAX_WATCHERS = 64
"""Streams that may be open at a time; each stays open for as long as its client likes."""
# "" stands for the server as a whole; the other names are those that TF Serving sets.
_SERVICES = ("", "ModelService", "PredictionService")
# How often a stream looks whether the server has become ready.
_LOOK_SECONDS = 0.5
_Reply = health_pb2.HealthCheckResponse


class HealthService(health_pb2_grpc.HealthServicer):
    """grpc.health.v1.Health; a server is healthy when each of its models has a version."""

    def __init__(self, is_ready: Callable[[], bool]) -> None:
        """Makes a service that is told whether the server is ready."""
        self._is_ready = is_ready
        self._stopping = asyncio.Event()
        self._num_watchers = 0

    def stop(self) -> None:
        """Says that the server takes no more requests, and ends all streams."""
        self._stopping.set()

    async def Check(self, request: Any, context: grpc.aio.ServicerContext) -> Any:  # noqa: N802
        """Returns whether a service answers requests."""
        if request.service not in _SERVICES:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"unknown service {request.service}")
        return _Reply(status=self._status(request.service))

    async def Watch(  # noqa: N802
        self, request: Any, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Any]:
        """Yields whether a service answers requests, and again when it does no more."""
        if self._num_watchers >= MAX_WATCHERS:
            await context.abort(
                grpc.StatusCode.RESOURCE_EXHAUSTED, f"{MAX_WATCHERS} streams are open already"
            )
        self._num_watchers += 1
        try:
            last = None
            while not self._stopping.is_set():
                status = self._status(request.service)
                if status != last:
                    last = status
                    yield _Reply(status=status)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), _LOOK_SECONDS)
            yield _Reply(status=self._status(request.service))
        finally:
            self._num_watchers -= 1

    def _status(self, service: str) -> Any:
        if service not in _SERVICES:
            return _Reply.SERVICE_UNKNOWN
        is_serving = self._is_ready() and not self._stopping.is_set()
        return _Reply.SERVING if is_serving else _Reply.NOT_SERVING
