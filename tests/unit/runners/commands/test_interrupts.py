"""SIGTERM to a command that leaves something behind."""

import signal

import pytest

from runners.commands.interrupts import interrupted_by_sigterm


def test_within_the_block_sigterm_interrupts_and_after_it_all_is_as_before():
    before = signal.getsignal(signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt), interrupted_by_sigterm():
        signal.raise_signal(signal.SIGTERM)

    assert signal.getsignal(signal.SIGTERM) == before
