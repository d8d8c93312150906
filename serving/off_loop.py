"""Keeps what takes milliseconds off the event loop, which would serve nobody else meanwhile."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from serving.errors import deadline_exceeded

LARGE_JSON = 4 * 2**10
"""Bytes of a body: one image is smaller. To say what is wrong takes longer than to read."""
LARGE_MESSAGE = 64 * 2**10
"""Bytes of a protobuf message."""
LARGE_REPLY = 4 * 2**10
"""Numbers and strings in the outputs of a model."""

_T = TypeVar("_T")


async def run_in_thread_if(
    is_large: bool,  # noqa: FBT001
    function: Callable[[], _T],
    deadline: float | None = None,
) -> _T:
    """Returns what a function returns, which is called in a thread if that is worth it.

    Args:
      is_large: Whether it is.
      function: As for `run_in_thread`.
      deadline: As for `run_in_thread`.

    Raises:
      ServingError: As for `run_in_thread`.
    """
    return await run_in_thread(function, deadline) if is_large else function()


async def run_in_thread(function: Callable[[], _T], deadline: float | None = None) -> _T:
    """Returns what a function returns, which is called in a thread.

    Args:
      function: Must end by itself; its thread is not free before.
      deadline: When nobody waits any more, in seconds of `time.monotonic()`; None for never.

    Raises:
      ServingError: The deadline is over before a thread is free, or has called the function.
    """
    try:
        async with asyncio.timeout(None if deadline is None else deadline - time.monotonic()):
            return await asyncio.to_thread(function)
    except TimeoutError as error:
        raise deadline_exceeded() from error
