"""Waits for what another process or thread does."""

import time
from collections.abc import Callable

# Nothing that is waited for takes a tenth of it; it only ends a test that would hang.
DEADLINE_SECONDS = 900


def wait_until(condition: Callable[[], object], what: str = "the condition to hold") -> None:
    """Returns as soon as a condition holds; it is asked for every hundredth of a second.

    Args:
      condition: Whether the wait is over.
      what: What is waited for, in words: "the server to listen".

    Raises:
      AssertionError: It did not hold in time.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"gave up waiting for {what}"
        time.sleep(0.01)
