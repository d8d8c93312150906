"""Reads from a pod's status what it waits for, and why it failed (standard library only)."""

import json
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from modules.distribution.members.causes import (
    Cause,
    Rank,
    explain_exit,
    explain_signal,
    explain_told,
)
from modules.distribution.processes.reports import Failure, parse_report

_Json = Mapping[str, Any]

# A container that is killed by signal N has this exit code and N more.
_KILLED = 128
# That it has yet to be made says nothing of why it is not.
_ALWAYS_FIRST = {"ContainerCreating", "PodInitializing"}


def write_failure(message: str, *, lost_peers: bool, may_pass: bool = False) -> str:
    """Returns what a member leaves as its termination message, for `explain_failure`."""
    # Kubernetes keeps 4096 bytes, and JSON writes a character in six at most.
    return json.dumps(Failure(message[-600:], lost_peers, may_pass).describe())


def explain_waiting(pod: _Json) -> str | None:
    """Returns why a pod has not started, in Kubernetes' own words if its status has any.

    None if it has started. A pod without fields is one that is not there.
    """
    if not pod:
        return "Kubernetes has not made it yet"
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
    # Such as a volume that another machine holds, of which only Events tell.
    return (
        "its container is being made (image, volumes); "
        f"`kubectl describe pod {pod['metadata']['name']}` tells why it takes long"
    )


def explain_failure(pod: _Json) -> Cause:
    """Returns why a pod failed, as far as it and Kubernetes can tell."""
    status = pod["status"]
    for condition in status.get("conditions") or ():
        if condition["type"] == "DisruptionTarget" and condition["status"] == "True":
            return Cause(Rank.KILLED, f"was removed: {_join(condition)}", may_pass=True)
    if pod.get("metadata", {}).get("deletionTimestamp"):
        # Whatever it did in the second that it was given, its end is not the first.
        what = "was deleted: by its Job, since another one had failed, or by somebody"
        return Cause(Rank.DELETED, what, may_pass=True)
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
    if exit_code - _KILLED in signal.valid_signals():
        return explain_signal(exit_code - _KILLED)
    match parse_report(message):
        case Failure(failure, lost_peers, may_pass):
            return explain_told(failure, lost_peers=lost_peers, may_pass=may_pass)
    *_, last_line = ["", *filter(None, map(str.strip, message.splitlines()))]
    # "Error" is every end that is no success.
    return explain_exit(exit_code, last_line, reason="" if reason == "Error" else reason)


def _join(state: _Json) -> str:
    return ": ".join(filter(None, [state.get("reason"), state.get("message")]))
