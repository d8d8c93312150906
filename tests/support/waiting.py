"""Waits for what another process or thread does."""

import time
from collections.abc import Callable

# Nothing that is waited for takes a tenth of it; it only ends a test that would hang.
DEADLINE_SECONDS = 900


def wait_until(
    condition: Callable[[], object],
    what: str = "the condition to hold",
    *,
    pause_seconds: float = 0.01,
) -> None:
    """Returns as soon as a condition holds.

    Args:
      condition: Whether the wait is over.
      what: What is waited for, in words: "the server to listen".
      pause_seconds: Before it is asked for again; longer where the answer costs something.

    Raises:
      AssertionError: It did not hold in time.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"gave up waiting for {what}"
        time.sleep(pause_seconds)
