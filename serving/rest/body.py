"""Reads the body of an HTTP request within limits of size and time."""

import asyncio
import time
import zlib
from functools import partial

from serving.errors import Code, ServingError, invalid_argument
from serving.off_loop import run_in_thread
from serving.rest.exchange import Request

_GZIP = 16 + zlib.MAX_WBITS


async def read_body(request: Request, *, max_bytes: int, timeout_seconds: float) -> bytes:
    """Returns the body, unpacked if it came as gzip.

    Raises:
      ServingError: It is too large (413), too slow (408) or damaged (400), or the client has gone.
    """
    encoding = (request.find_header("content-encoding") or "").strip().lower()
    is_packed = "gzip" in encoding  # so TF Serving asks, also where it is one of several
    if not is_packed and encoding not in ("", "identity"):
        raise ServingError(
            Code.INVALID_ARGUMENT,
            f"Content-Encoding: expected gzip or none, received {encoding!r}",
            http_status=415,
        )
    declared = request.find_header("content-length")
    if declared is not None and declared.isdigit() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    if request.is_whole:
        body = await _collect(request, max_bytes)
    else:
        body = await _wait_for_body(request, max_bytes, timeout_seconds)
    if not is_packed:
        return body
    unpack = partial(_unpack, body, max_bytes)
    return await run_in_thread(unpack, time.monotonic() + timeout_seconds)


async def _wait_for_body(request: Request, max_bytes: int, timeout_seconds: float) -> bytes:
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _collect(request, max_bytes)
    except TimeoutError as error:
        raise ServingError(
            Code.DEADLINE_EXCEEDED,
            f"The request body did not arrive within {timeout_seconds:g} s",
            http_status=408,
        ) from error


async def _collect(request: Request, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ServingError(Code.CANCELLED, "The client has gone")
        chunks.append(message["body"])
        size += len(chunks[-1])
        if size > max_bytes:
            raise _too_large(max_bytes)
        more = message["more_body"]
    return b"".join(chunks)


def _unpack(body: bytes, max_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        content = unpacker.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise invalid_argument(f"Content-Encoding: gzip, but the body is not: {error}") from error
    if len(content) > max_bytes:
        raise _too_large(max_bytes)
    if not unpacker.eof:
        raise invalid_argument("Content-Encoding: gzip, but the body breaks off")
    return content


def _too_large(max_bytes: int) -> ServingError:
    return ServingError(
        Code.RESOURCE_EXHAUSTED,
        f"The request body is larger than {max_bytes} bytes",
        http_status=413,
    )
