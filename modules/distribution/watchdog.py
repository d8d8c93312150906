"""Ends a process that waits for others in vain (standard library only).

TensorFlow waits for them without end. It can be given a time-out, but then starts a thread for
each exchange between workers that sleeps for as long (base_collective_executor.cc): at 60 s, a
small model has tens of thousands of them within a minute, and the process dies.
"""

import ctypes
import faulthandler
import logging
import os
import signal
import sys
import threading
import time

logger = logging.getLogger(__name__)

EXIT_CODE = 75
"""EX_TEMPFAIL of sysexits.h: another try may go well."""

_ALARM = signal.SIGALRM

EXIT_CODE_IN_C = int(_ALARM)
"""Where it waits in C with the lock of Python, and no thread of ours runs; behind a traceback.

So TensorFlow does where it tells the others of a new tf.function, for one.
"""

_SECONDS_TO_SAY_WHERE = 5


class Watchdog:
    """Ends the process when nothing that it is told of goes on for too long."""

    def __init__(self, timeout_seconds: float) -> None:
        """Rests until `expect` is called.

        Args:
          timeout_seconds: How long anything that is expected may take.
        """
        self._timeout_seconds = timeout_seconds
        self._changed = threading.Condition()
        self._place = ""
        self._deadline: float | None = None
        # No handler of Python's would be called, and the signal's default is nothing to the first
        # process of a container. So the handler is _exit itself; before it, faulthandler's.
        faulthandler.unregister(_ALARM)  # of an earlier one
        libc = ctypes.CDLL(None)
        libc.signal(_ALARM, libc._exit)  # noqa: SLF001 - it is public in C
        faulthandler.register(_ALARM, chain=True)
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def expect(self, place: str) -> None:
        """Has the time run anew.

        Args:
          place: Where the work is, in words, for the message.
        """
        with self._changed:
            has_rested = self._deadline is None
            self._place = place
            self._deadline = time.monotonic() + self._timeout_seconds
            if has_rested:  # else it wakes at the deadline before, and waits for this one
                self._changed.notify()
        signal.setitimer(signal.ITIMER_REAL, self._timeout_seconds + _SECONDS_TO_SAY_WHERE)

    def rest(self) -> None:
        """Expects nothing until `expect` is called again."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        with self._changed:
            self._deadline = None

    def _watch(self) -> None:
        with self._changed:
            while (seconds := self._seconds_left()) is None or seconds > 0:
                self._changed.wait(seconds)
            logger.error(
                "Got no further within %g s %s (training.worker_timeout_seconds)",
                self._timeout_seconds,
                self._place,
            )
        sys.stderr.flush()
        os._exit(EXIT_CODE)

    def _seconds_left(self) -> float | None:
        return None if self._deadline is None else self._deadline - time.monotonic()
