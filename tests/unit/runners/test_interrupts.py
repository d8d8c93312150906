"""Ctrl-C and SIGTERM to a program that leaves something behind."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from runners.interrupts import Interruption, interruptible

BY_HAND = (signal.SIGINT, signal.SIGTERM)
IN_THE_BACKGROUND = """
import signal
from runners.interrupts import interruptible

with interruptible() as interruption:
    signal.raise_signal(signal.SIGINT)
print(interruption.happened)
"""


@contextmanager
def tidied_up(things: list[str], number: signal.Signals) -> Iterator[None]:
    try:
        yield
    finally:
        signal.raise_signal(number)
        things.clear()


def test_within_the_block_sigterm_interrupts_once_and_after_it_all_is_as_before():
    before = [signal.getsignal(number) for number in BY_HAND]
    things = ["half written"]

    with (
        pytest.raises(KeyboardInterrupt),
        interruptible() as interruption,
        tidied_up(things, signal.SIGTERM),
    ):
        signal.raise_signal(signal.SIGTERM)

    assert things == []
    assert interruption.happened
    assert [signal.getsignal(number) for number in BY_HAND] == before


@pytest.mark.parametrize("number", BY_HAND)
def test_what_an_interrupt_was_made_of_is_an_interrupt_again(number: signal.Signals):
    def wrap() -> None:
        try:
            signal.raise_signal(number)
        except BaseException as error:
            raise RuntimeError("KeyboardInterrupt [while running a step]") from error

    with (
        pytest.raises(KeyboardInterrupt),
        interruptible() as interruption,
        interruption.recognised(),
    ):
        wrap()


def test_an_error_without_an_interrupt_stays_one():
    with pytest.raises(ValueError, match="bad data"), Interruption().recognised():
        raise ValueError("bad data")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("number", BY_HAND)
def test_an_interrupt_that_is_lost_in_a_destructor_is_remembered(number: signal.Signals):
    class Closing:
        def __del__(self) -> None:
            signal.raise_signal(number)

    with interruptible() as interruption:
        Closing()
        gc.collect()

    assert interruption.happened


def test_what_was_started_in_the_background_goes_on_ignoring_ctrl_c():
    answer = subprocess.run(
        [sys.executable, "-c", IN_THE_BACKGROUND],
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        env=os.environ,
    )

    assert (answer.stdout, answer.returncode) == ("False\n", 0), answer.stderr
