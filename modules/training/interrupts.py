"""Puts interrupts off where they would be lost (standard library only)."""

import os
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
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for waiting in received:
            signal.raise_signal(waiting)


class WaitingInterrupts:
    """The interrupts that are put off, for a selector to wait for."""

    def __init__(self, file_descriptor: int) -> None:
        """Reads what `signal.set_wakeup_fd` has Python write."""
        self._file_descriptor = file_descriptor

    def fileno(self) -> int:
        """Returns what can be read as soon as there may be an interrupt."""
        return self._file_descriptor

    def take(self) -> list[signal.Signals]:
        """Returns those that came since the last call, once there is something to read."""
        numbers = os.read(self._file_descriptor, 4096)
        return [number for number in _INTERRUPTS if number in numbers]


@contextmanager
def interrupts_to_wait_for() -> Iterator[WaitingInterrupts]:
    """As `interrupts_put_off`, for a block that waits and is to end when an interrupt comes."""
    to_read, to_write = os.pipe()
    try:
        os.set_blocking(to_write, False)
        with _signals_written_to(to_write), interrupts_put_off():
            yield WaitingInterrupts(to_read)
    finally:
        os.close(to_read)
        os.close(to_write)


@contextmanager
def _signals_written_to(file_descriptor: int) -> Iterator[None]:
    """Has Python write there when a signal comes: handlers run too late to wake a `select`."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.set_wakeup_fd(file_descriptor, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
