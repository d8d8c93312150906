"""Interrupts that wait until something is written, or has come to its end."""

import os
import select
import signal
import threading
from collections.abc import Iterator

import pytest

from modules.training.interrupts import interrupts_put_off, interrupts_to_wait_for


class StoppedError(Exception):
    """What the handler of a test raises."""


def _stop(_number: int, _frame: object) -> None:
    raise StoppedError


@pytest.fixture
def _sigterm_stops() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, _stop)
    yield
    signal.signal(signal.SIGTERM, before)


def _interrupt(number: signal.Signals, done: list[str], error: Exception | None = None) -> None:
    """Is interrupted in the middle of a block, whose end it notes."""
    with interrupts_put_off():
        os.kill(os.getpid(), number)
        done.append("all of it")
        if error:
            raise error


def test_ctrl_c_waits_for_the_end_of_the_block():
    done: list[str] = []

    with pytest.raises(KeyboardInterrupt):
        _interrupt(signal.SIGINT, done)

    assert done == ["all of it"]


@pytest.mark.usefixtures("_sigterm_stops")
def test_a_handler_of_sigterm_is_called_behind_the_block_and_stays():
    done: list[str] = []

    with pytest.raises(StoppedError):
        _interrupt(signal.SIGTERM, done)

    assert done == ["all of it"]
    assert signal.getsignal(signal.SIGTERM) is _stop


def test_an_interrupt_outweighs_an_error_of_the_block():
    with pytest.raises(KeyboardInterrupt):
        _interrupt(signal.SIGINT, [], ValueError())


def test_another_thread_puts_nothing_off():
    handlers = []

    def look() -> None:
        with interrupts_put_off():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

    assert handlers == [signal.getsignal(signal.SIGINT)]


def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts_put_off():
            within = signal.getsignal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)

    assert within is signal.SIG_IGN


@pytest.mark.usefixtures("_sigterm_stops")
def test_a_block_that_waits_sees_an_interrupt_come():
    seen = []

    def wait() -> None:
        with interrupts_to_wait_for() as interrupts:
            os.kill(os.getpid(), signal.SIGTERM)
            select.select([interrupts], [], [])
            seen.extend(interrupts.take())

    with pytest.raises(StoppedError):
        wait()

    assert seen == [signal.SIGTERM]


def test_what_waited_for_signals_before_does_so_again():
    to_read, to_write = os.pipe()
    os.set_blocking(to_write, False)
    before = signal.set_wakeup_fd(to_write)
    try:
        with interrupts_to_wait_for():
            pass
    finally:
        restored = signal.set_wakeup_fd(before)
        os.close(to_read)
        os.close(to_write)

    assert restored == to_write
