"""Puts interrupts off where they would be lost (standard library only)."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interrupts_put_off() -> Iterator[None]:
    """Within the block, Ctrl-C and SIGTERM wait; what came meanwhile takes effect behind it.

    HDF5 calls back into Python, where an error that a signal's handler raises is lost: reading or
    writing fails with an error that says nothing of it, or goes on, and so does the training.
    """
    if threading.current_thread() is not threading.main_thread():  # which alone runs handlers
        yield
        return
    received: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: received.append(number))
        for number in _INTERRUPTS
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for waiting in received:
            signal.raise_signal(waiting)
