"""Ends a process that waits for the others in vain before it has met them (standard library only).

TensorFlow waits there without a bound, in C, with the lock of Python, deaf to SIGTERM. See
`watchdog` for what comes after.
"""

import faulthandler


class StartLimit:
    """Ends the process, with exit code 1 and a traceback, if it is not lifted in time."""

    def __init__(self, seconds: float) -> None:
        """Has the time run; a process has one limit at most."""
        faulthandler.dump_traceback_later(seconds, exit=True)

    def lift(self) -> None:
        """Lets the process run for as long as it likes."""
        faulthandler.cancel_dump_traceback_later()
