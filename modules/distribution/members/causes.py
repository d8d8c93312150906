"""Why a member of a training failed, and which cause explains others (standard library only)."""

import signal
from enum import IntEnum, auto
from typing import NamedTuple

from modules.distribution import watchdog

# How a process ends by a fault of its own; every other signal is sent from outside.
_CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGBUS}


class ClusterFault(RuntimeError):  # noqa: N818 - what it holds need not be an error of the code
    """Why the members did not do their work: who, what happened, and where the log is.

    Attributes:
      may_pass: Whether a further try can help: a member was killed, hung, lost the others or never
        came up. Most errors of its own would come again.
    """

    def __init__(self, message: str, *, may_pass: bool) -> None:
        """Holds the message."""
        super().__init__(message)
        self.may_pass = may_pass


class Rank(IntEnum):
    """What explains most comes first."""

    # Nothing that goes on in the others sends a signal from outside.
    KILLED = auto()
    STOPPED = auto()
    OWN_ERROR = auto()
    CRASHED = auto()  # as TensorFlow may when it has lost the others
    EXITED = auto()
    HUNG = auto()
    LOST = auto()
    DELETED = auto()  # as Kubernetes does with the other pods when one has failed


class Cause(NamedTuple):
    """Why one member failed, or several alike.

    Attributes:
      rank: How much it explains.
      what: The rest of a sentence that begins with who it was.
      may_pass: Whether a further try can help.
    """

    rank: Rank
    what: str
    may_pass: bool


def explain_told(message: str, *, lost_peers: bool, may_pass: bool) -> Cause:
    """Returns the cause that a member told itself before its end.

    Args:
      message: What it said.
      lost_peers: Whether the others no longer answered it.
      may_pass: Whether the same may go well another time.
    """
    if lost_peers:
        return Cause(Rank.LOST, f"lost the others: {message}", may_pass=True)
    return Cause(Rank.OWN_ERROR, f"failed: {message}", may_pass)


def explain_signal(number: int) -> Cause:
    """Returns the cause of an end by a signal."""
    rank = Rank.CRASHED if number in _CRASHES else Rank.KILLED
    return Cause(rank, f"was killed by {name_signal(number)}", may_pass=True)


def explain_exit(exit_code: int, last_line: str, *, reason: str = "") -> Cause:
    """Returns the cause of an end by an exit code, of a member that told nothing.

    Args:
      exit_code: Not of a signal.
      last_line: Of its log; nothing if it wrote nothing.
      reason: What whoever ran it calls this, if that says more than the code.
    """
    if exit_code == watchdog.EXIT_CODE:
        return Cause(Rank.LOST, f"lost the others: {last_line}", may_pass=True)
    if exit_code == watchdog.EXIT_CODE_IN_C:
        return Cause(Rank.LOST, "lost the others: it waited in vain for an answer", may_pass=True)
    words = f" ({reason})" if reason else ""
    said = f": {last_line}" if last_line else ""
    return Cause(Rank.EXITED, f"ended with exit code {exit_code}{words}{said}", may_pass=False)


def name_signal(number: int) -> str:
    """Returns what messages call a signal: "signal 9 (Killed)"."""
    return f"signal {number} ({signal.strsignal(number)})"
