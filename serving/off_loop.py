"""Keeps what takes milliseconds off the event loop, which would serve nobody else meanwhile."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

LARGE_JSON = 4 * 2**10
"""Bytes of a body: one image is smaller. To say what is wrong takes longer than to read."""
LARGE_MESSAGE = 64 * 2**10
"""Bytes of a protobuf message."""
LARGE_REPLY = 4 * 2**10
"""Numbers and strings in the outputs of a model."""

_T = TypeVar("_T")


async def run_in_thread_if(is_large: bool, function: Callable[[], _T]) -> _T:  # noqa: FBT001
    """Returns what a function returns, which is called in a thread if that is worth it."""
    return await asyncio.to_thread(function) if is_large else function()
