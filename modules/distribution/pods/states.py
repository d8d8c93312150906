"""Reads from a pod's status what it waits for, and why it failed (standard library only)."""

import json
import signal
from collections.abc import Mapping, Sequence
from enum import IntEnum, auto
from typing import Any, NamedTuple

from modules.distribution import watchdog

_Json = Mapping[str, Any]

# How a process ends by a fault of its own; every other signal is sent from outside.
_CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGBUS}
# A container that is killed by signal N has this exit code and N more.
_KILLED = 128
# That it has yet to be made says nothing of why it is not.
_ALWAYS_FIRST = {"ContainerCreating", "PodInitializing"}


class Rank(IntEnum):
    """What explains most comes first."""

    # Nothing that goes on in the others ends a pod from outside.
    KILLED = auto()
    OWN_ERROR = auto()
    CRASHED = auto()  # as TensorFlow may when it has lost the others
    EXITED = auto()
    LOST = auto()


class Cause(NamedTuple):
    """Why a pod failed.

    Attributes:
      rank: How much it explains.
      what: The rest of a sentence that begins with who it was.
      may_pass: Whether a further try can help.
    """

    rank: Rank
    what: str
    may_pass: bool


def write_failure(message: str, *, lost_peers: bool, may_pass: bool = False) -> str:
    """Returns what a member leaves as its termination message, for `explain_failure`."""
    # Kubernetes keeps 4096 bytes, and JSON writes a character in six at most.
    failure = {"failure": message[-600:], "lost_peers": lost_peers, "may_pass": may_pass}
    return json.dumps(failure)


def explain_waiting(pod: _Json) -> str | None:
    """Returns why a pod has not started, in Kubernetes' own words; None if it has."""
    status = pod.get("status") or {}
    if status.get("phase", "Pending") != "Pending":
        return None
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return _join(condition)
    for container in status.get("containerStatuses") or ():
        waiting = container["state"].get("waiting") or {}
        if waiting.get("reason") not in {None, *_ALWAYS_FIRST}:
            return _join(waiting)
    return "Kubernetes has not made it yet"


def explain_failure(pod: _Json) -> Cause:
    """Returns why a pod failed, as far as it and Kubernetes can tell."""
    status = pod["status"]
    for condition in status.get("conditions") or ():
        if condition["type"] == "DisruptionTarget" and condition["status"] == "True":
            return Cause(Rank.KILLED, f"was removed: {_join(condition)}", may_pass=True)
    if status.get("reason"):  # Evicted, and what else its machine decides
        return Cause(Rank.KILLED, f"was ended: {_join(status)}", may_pass=True)
    states: Sequence[_Json] = [
        each["state"]["terminated"]
        for each in status.get("containerStatuses") or ()
        if each["state"].get("terminated")
    ]
    failed = [state for state in states if state["exitCode"]]  # no sidecar that had its say
    if not failed:
        return Cause(Rank.KILLED, "was lost, and nothing says why", may_pass=True)
    return _explain_end(failed[0])


def _explain_end(end: _Json) -> Cause:
    exit_code, message = int(end["exitCode"]), end.get("message") or ""
    reason = end.get("reason") or "Error"
    if reason == "OOMKilled":
        return Cause(Rank.KILLED, "was killed: it needed more memory than its limit", may_pass=True)
    if exit_code > _KILLED:
        number = exit_code - _KILLED
        rank = Rank.CRASHED if number in _CRASHES else Rank.KILLED
        what = f"was killed by signal {number} ({_name_signal(number)})"
        return Cause(rank, what, may_pass=True)
    match _parse(message):
        case {"failure": str(failure), "lost_peers": True}:
            return Cause(Rank.LOST, f"lost the others: {failure}", may_pass=True)
        case {"failure": str(failure), "lost_peers": False, "may_pass": bool(may_pass)}:
            return Cause(Rank.OWN_ERROR, f"failed: {failure}", may_pass)
    *_, last_line = ["", *filter(None, map(str.strip, message.splitlines()))]
    if exit_code == watchdog.EXIT_CODE:
        return Cause(Rank.LOST, f"lost the others: {last_line}", may_pass=True)
    why = "" if reason == "Error" else f" ({reason})"  # as every end that is no success
    what = f"ended with exit code {exit_code}{why}" + (f": {last_line}" if last_line else "")
    return Cause(Rank.EXITED, what, may_pass=False)


def _parse(message: str) -> Any:
    try:
        return json.loads(message)
    except ValueError:
        return None


def _name_signal(number: int) -> str:
    return (signal.strsignal(number) if number in range(1, signal.NSIG) else None) or "unknown"


def _join(state: _Json) -> str:
    return ": ".join(filter(None, [state.get("reason"), state.get("message")]))
