"""How programs that leave something behind are stopped: by Ctrl-C or SIGTERM, and once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Whether somebody has asked this program to stop.

    A KeyboardInterrupt does not always say so: Beam makes another error of one that comes while its
    workers run, and what is raised in a destructor is not raised at all.

    Attributes:
      happened: Whether there was a signal.
    """

    def __init__(self) -> None:
        self.happened = False

    @contextmanager
    def recognised(self) -> Iterator[None]:
        """Within the block, what an interrupt has been made of is a KeyboardInterrupt again."""
        try:
            yield
        except Exception as error:
            if self.happened:
                raise KeyboardInterrupt from error
            raise


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Within the block SIGTERM, from `kill` or a container's stop, ends all as Ctrl-C does."""
    interruption = Interruption()

    def interrupt(signal_number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's own
        interruption.happened = True
        # A second one, to the whole process group, must not interrupt the tidying up.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, interrupt)}
    # What a shell has started in the background ignores Ctrl-C, and goes on to do so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        before[signal.SIGINT] = signal.signal(signal.SIGINT, interrupt)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
