"""Lets what waits for an answer fail when its time is over."""

import asyncio
import time
from typing import Any

from serving.errors import deadline_exceeded


def fail_at(deadline: float | None, future: "asyncio.Future[Any]") -> None:
    """Lets a future fail with a ServingError at a time, unless it is done before.

    Args:
      deadline: Seconds of `time.monotonic()`, None for never.
      future: Belongs to the loop that runs.
    """
    if deadline is None:
        return
    timer = asyncio.get_running_loop().call_later(deadline - time.monotonic(), _fail, future)
    future.add_done_callback(lambda _: timer.cancel())


def _fail(future: "asyncio.Future[Any]") -> None:
    if not future.done():
        future.set_exception(deadline_exceeded())
