"""From the bytes of a gRPC call to the method that answers it, and back."""

import functools
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import grpc  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError

from serving.call_meter import CallMeter
from serving.errors import ServingError, invalid_argument
from serving.inference.inference import Inference
from serving.off_loop import LARGE_MESSAGE, run_in_thread_if

Method = Callable[[Any, Any, float | None], Awaitable[Any]]
"""Takes its service, a message, and when its client waits no more; returns a message."""

_Handler = Callable[[Any, bytes, grpc.aio.ServicerContext], Awaitable[bytes]]


class Service(Protocol):
    """What handlers need of a service."""

    inference: Inference
    meter: CallMeter
    name: str


def answers(
    request_type: Any, read_model_name: Callable[[Any], str]
) -> Callable[[Method], _Handler]:
    """Makes a handler of a method that tells about models.

    Args:
      request_type: The message that it takes.
      read_model_name: Returns the model that a message is for, "" if it is for several.
    """
    return lambda method: _make_handler(
        method, request_type, read_model_name, admit=lambda _: nullcontext(), api=""
    )


def infers(
    request_type: Any, read_model_name: Callable[[Any], str]
) -> Callable[[Method], _Handler]:
    """Makes a handler of a method that asks a model: it is timed, and refused in a full house."""
    return lambda method: _make_handler(
        method, request_type, read_model_name, admit=Inference.admit, api=method.__name__
    )


def _make_handler(
    method: Method,
    request_type: Any,
    read_model_name: Callable[[Any], str],
    *,
    admit: Callable[[Inference], AbstractContextManager[None]],
    api: str,
) -> _Handler:
    @functools.wraps(method)
    async def handle(service: Service, body: bytes, context: grpc.aio.ServicerContext) -> bytes:
        remaining = context.time_remaining()
        deadline = None if remaining is None else time.monotonic() + remaining
        try:
            with service.meter.measure("GRPC", method.__name__) as call:
                request = await _parse(request_type, body, deadline)
                call.model_name, call.api = read_model_name(request), api
                with admit(service.inference):
                    reply = await method(service, request, deadline)
                content: bytes = reply.SerializeToString()
                return content
        except ServingError as error:
            await context.abort(grpc.StatusCode[error.code.name], error.message)
            raise

    return handle


async def _parse(request_type: Any, body: bytes, deadline: float | None) -> Any:
    parse = functools.partial(request_type.FromString, body)
    try:
        return await run_in_thread_if(len(body) > LARGE_MESSAGE, parse, deadline)
    except DecodeError as error:
        raise invalid_argument(f"The message is no {request_type.DESCRIPTOR.full_name}") from error


def make_generic_handler(service: Service, methods: Iterable[str]) -> grpc.GenericRpcHandler:
    """Returns what a gRPC server finds the methods of a service with."""
    return grpc.method_handlers_generic_handler(
        service.name,
        {name: grpc.unary_unary_rpc_method_handler(getattr(service, name)) for name in methods},
    )
