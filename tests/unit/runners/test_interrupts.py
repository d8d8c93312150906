"""SIGTERM to a program that leaves something behind."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from runners.interrupts import interrupted_by_sigterm


@contextmanager
def tidied_up(things: list[str]) -> Iterator[None]:
    try:
        yield
    finally:
        signal.raise_signal(signal.SIGTERM)
        things.clear()


def test_within_the_block_sigterm_interrupts_once_and_after_it_all_is_as_before():
    before = signal.getsignal(signal.SIGTERM)
    things = ["half written"]

    with pytest.raises(KeyboardInterrupt), interrupted_by_sigterm(), tidied_up(things):
        signal.raise_signal(signal.SIGTERM)

    assert things == []
    assert signal.getsignal(signal.SIGTERM) == before
