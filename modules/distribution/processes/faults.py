"""Tells which member made a training on several processes fail (standard library only)."""

import errno
import signal
from collections.abc import Sequence

from modules.distribution.members.causes import (
    Cause,
    ClusterFault,
    Rank,
    explain_exit,
    explain_signal,
    explain_told,
    name_signal,
)
from modules.distribution.processes.member_process import Member, MemberProcess
from modules.distribution.processes.reports import Stage

_NO_ROOM = {errno.EAGAIN, errno.ENOMEM}


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
    return ClusterFault(f"All members were ended on {name_signal(number)}", may_pass=False)


def explains(process: MemberProcess) -> bool:
    """Returns whether a member that failed has another cause than the failure of others."""
    return _explain(process).rank < Rank.LOST


def root_cause(failed: Sequence[MemberProcess], silent: Sequence[MemberProcess]) -> ClusterFault:
    """Returns the one fault that explains the others.

    A member that loses its peers may be seen to fail before the one that it lost. What each says,
    and how it ended, therefore counts before the order.

    Args:
      failed: Those that failed, in the order in which this was seen; at least one.
      silent: Those that neither failed nor finished.
    """
    causes = [(_explain(process), [process.member]) for process in failed]
    stopped = [process.member for process in silent if process.is_stopped]
    if stopped:
        what = "did not answer: stopped by a signal"
        causes.append((Cause(Rank.STOPPED, what, may_pass=True), stopped))
    elif silent:
        first, [member] = causes[0]
        what = f"did not answer, and {member.name} {first.what}"
        members = [process.member for process in silent]
        causes.append((Cause(Rank.HUNG, what, may_pass=True), members))
    cause, members = min(causes, key=lambda each: each[0].rank)  # the first of equals
    if cause.rank == Rank.LOST:  # each says where it was, and nobody more than that
        message = ". ".join(_tell(members, cause.what) for cause, members in causes)
        return ClusterFault(message, may_pass=True)
    return ClusterFault(_tell(members, cause.what), may_pass=cause.may_pass)


def _explain(process: MemberProcess) -> Cause:
    """Returns why a member failed, as far as itself can tell."""
    failure, exit_code = process.failure, process.exit_code or 0
    if failure:
        return explain_told(
            failure.message, lost_peers=failure.lost_peers, may_pass=failure.may_pass
        )
    if exit_code < 0:
        return explain_signal(-exit_code)
    return explain_exit(exit_code, process.last_line())


def _tell(members: Sequence[Member], what: str) -> str:
    *names, last = [member.name for member in members]
    who = f"{', '.join(names)} and {last}" if names else last
    logs = ", ".join(str(member.log_path) for member in members)
    return f"{who} {what}. Log: {logs}"
