"""Tells which member made a training on several processes fail (standard library only)."""

import errno
import signal
from collections.abc import Sequence
from enum import IntEnum, auto
from typing import NamedTuple

from modules.distribution import watchdog
from modules.distribution.processes.member_process import Member, MemberProcess
from modules.distribution.processes.reports import Stage

# How a process ends by a fault of its own; every other signal is sent from outside.
_CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGBUS}
_NO_ROOM = {errno.EAGAIN, errno.ENOMEM}


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


def not_started(member: Member, error: OSError) -> ClusterFault:
    """Returns the fault of a member that could not be started."""
    return ClusterFault(
        _tell([member], f"could not be started: {error}"), may_pass=error.errno in _NO_ROOM
    )


def stuck_in_start_up(processes: Sequence[MemberProcess], timeout_seconds: float) -> ClusterFault:
    """Returns the fault of those that are not as far as the others, or of all."""
    most = max(len(process.missing) for process in processes)
    behind = [process for process in processes if len(process.missing) == most]
    is_one = len(behind) == 1
    others = "the others" if is_one or behind != processes else "each other"
    missing = {
        Stage.STARTED: "started",
        Stage.LOADED: f"loaded {'its' if is_one else 'their'} libraries",
        Stage.CONNECTED: f"found {others}" if len(processes) > 1 else "connected",
    }[behind[0].missing[0]]
    what = f"{'has' if is_one else 'have'} not {missing} within {timeout_seconds:g} s"
    return ClusterFault(_tell([process.member for process in behind], what), may_pass=True)


def stuck_at_end(processes: Sequence[MemberProcess], timeout_seconds: float) -> ClusterFault:
    """Returns the fault of those that go on when others have long finished."""
    members = [process.member for process in processes]
    return ClusterFault(
        _tell(members, f"did not end within {timeout_seconds:g} s after others had finished"),
        may_pass=True,
    )


def stopped(processes: Sequence[MemberProcess], timeout_seconds: float) -> ClusterFault:
    """Returns the fault of those that a signal has stopped, and none has let go on."""
    members = [process.member for process in processes]
    what = f"did not answer: stopped by a signal for {timeout_seconds:g} s"
    return ClusterFault(_tell(members, what), may_pass=True)


def interrupted(number: signal.Signals) -> ClusterFault:
    """Returns the fault of the supervisor that was told to end."""
    return ClusterFault(f"All members were ended on {_name_signal(number)}", may_pass=False)


def explains(process: MemberProcess) -> bool:
    """Returns whether a member that failed has another cause than the failure of others."""
    return _explain(process).rank < _Rank.LOST


def root_cause(failed: Sequence[MemberProcess], silent: Sequence[MemberProcess]) -> ClusterFault:
    """Returns the one fault that explains the others.

    A member that loses its peers may be seen to fail before the one that it lost. What each says,
    and how it ended, therefore counts before the order.

    Args:
      failed: Those that failed, in the order in which this was seen; at least one.
      silent: Those that neither failed nor finished.
    """
    causes = [_explain(process) for process in failed]
    stopped = [process.member for process in silent if process.is_stopped]
    if stopped:
        what = "did not answer: stopped by a signal"
        causes.append(_Cause(_Rank.STOPPED, stopped, what, may_pass=True))
    elif silent:
        members = [process.member for process in silent]
        what = f"did not answer, and {failed[0].member.name} {causes[0].what}"
        causes.append(_Cause(_Rank.HUNG, members, what, may_pass=True))
    cause = min(causes, key=lambda cause: cause.rank)  # the first of equals
    if cause.rank == _Rank.LOST:  # each says where it was, and nobody more than that
        message = ". ".join(_tell(cause.members, cause.what) for cause in causes)
        return ClusterFault(message, may_pass=True)
    return ClusterFault(_tell(cause.members, cause.what), may_pass=cause.may_pass)


class _Rank(IntEnum):
    """What explains most comes first."""

    # Nothing that goes on in the others sends a signal from outside.
    KILLED = auto()
    STOPPED = auto()
    OWN_ERROR = auto()
    CRASHED = auto()  # as TensorFlow may when it has lost the others
    EXITED = auto()
    HUNG = auto()
    LOST = auto()


class _Cause(NamedTuple):
    rank: _Rank
    members: Sequence[Member]
    what: str
    may_pass: bool


def _explain(process: MemberProcess) -> _Cause:
    """Returns why a member failed, as far as itself can tell."""
    members = [process.member]
    if process.failure and process.failure.lost_peers:
        what = f"lost the others: {process.failure.message}"
        return _Cause(_Rank.LOST, members, what, may_pass=True)
    if process.failure:
        what = f"failed: {process.failure.message}"
        return _Cause(_Rank.OWN_ERROR, members, what, may_pass=process.failure.may_pass)
    exit_code = process.exit_code or 0
    if exit_code == watchdog.EXIT_CODE:
        what = f"lost the others: {process.last_line()}"
        return _Cause(_Rank.LOST, members, what, may_pass=True)
    if exit_code == -watchdog.EXIT_SIGNAL:
        what = "lost the others: it waited too long for an answer"
        return _Cause(_Rank.LOST, members, what, may_pass=True)
    if exit_code < 0:
        number = -exit_code
        rank = _Rank.CRASHED if number in _CRASHES else _Rank.KILLED
        return _Cause(rank, members, f"was killed by {_name_signal(number)}", may_pass=True)
    last_line = process.last_line()
    what = f"ended with exit code {exit_code}" + (f": {last_line}" if last_line else "")
    return _Cause(_Rank.EXITED, members, what, may_pass=False)


def _name_signal(number: int) -> str:
    return f"signal {number} ({signal.strsignal(number)})"


def _tell(members: Sequence[Member], what: str) -> str:
    *names, last = [member.name for member in members]
    who = f"{', '.join(names)} and {last}" if names else last
    logs = ", ".join(str(member.log_path) for member in members)
    return f"{who} {what}. Log: {logs}"
