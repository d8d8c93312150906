"""How programs that leave something behind are stopped: as by Ctrl-C, and once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupted_by_sigterm() -> Iterator[None]:
    """Within the block SIGTERM, from `kill` or a container's stop, ends all as Ctrl-C does."""

    def interrupt(signal_number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's own
        # A second one, to the whole process group, must not interrupt the tidying up.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
