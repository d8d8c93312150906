"""Why a pod waits or failed, read from a status as Kubernetes writes it."""

import json
from typing import Any

import pytest

from modules.distribution import watchdog
from modules.distribution.members.causes import Cause, Rank
from modules.distribution.pods.states import explain_failure, explain_waiting, write_failure

UNSCHEDULABLE = {
    "phase": "Pending",
    "conditions": [
        {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
        }
    ],
}


def _waiting(**waiting: str) -> dict[str, Any]:
    status = {"phase": "Pending", "containerStatuses": [{"state": {"waiting": waiting}}]}
    return {"metadata": {"name": "pod-0"}, "status": status}


def _ended(exit_code: int, message: str = "", reason: str = "Error") -> dict[str, Any]:
    end = {"exitCode": exit_code, "message": message, "reason": reason}
    return {"status": {"phase": "Failed", "containerStatuses": [{"state": {"terminated": end}}]}}


def test_kubernetes_says_itself_why_a_pod_finds_no_machine_or_image():
    assert explain_waiting({"status": UNSCHEDULABLE}) == (
        "Unschedulable: 0/3 nodes are available: 3 Insufficient nvidia.com/gpu."
    )
    assert explain_waiting(_waiting(reason="ErrImagePull", message="not found")) == (
        "ErrImagePull: not found"
    )


def test_a_pod_that_is_not_there_waits_to_be_made():
    assert explain_waiting({}) == "Kubernetes has not made it yet"


@pytest.mark.parametrize(
    "pod",
    [
        _waiting(reason="ContainerCreating"),
        _waiting(reason="PodInitializing"),
        {"metadata": {"name": "pod-0"}, "status": {}},
    ],
)
def test_of_a_pod_whose_status_says_nothing_it_is_told_who_says_more(pod: dict[str, Any]):
    assert explain_waiting(pod) == (
        "its container is being made (image, volumes); "
        "`kubectl describe pod pod-0` tells why it takes long"
    )


@pytest.mark.parametrize("phase", ["Running", "Succeeded", "Failed"])
def test_a_pod_that_has_started_does_not_wait(phase: str):
    assert explain_waiting({"status": {"phase": phase}}) is None


@pytest.mark.parametrize(
    ("pod", "cause"),
    [
        (
            _ended(137, reason="OOMKilled"),
            Cause(Rank.KILLED, "was killed: it needed more memory than its limit", True),
        ),
        (_ended(137), Cause(Rank.KILLED, "was killed by signal 9 (Killed)", True)),
        (_ended(134), Cause(Rank.CRASHED, "was killed by signal 6 (Aborted)", True)),
        (
            _ended(1, write_failure("ValueError: no data", lost_peers=False)),
            Cause(Rank.OWN_ERROR, "failed: ValueError: no data", False),
        ),
        (
            _ended(1, write_failure("UnavailableError: gone", lost_peers=True)),
            Cause(Rank.LOST, "lost the others: UnavailableError: gone", True),
        ),
        (
            _ended(1, write_failure("OSError: no space", lost_peers=False, may_pass=True)),
            Cause(Rank.OWN_ERROR, "failed: OSError: no space", True),
        ),
        (
            _ended(watchdog.EXIT_CODE, "some\nGot no further in step 3\n"),
            Cause(Rank.LOST, "lost the others: Got no further in step 3", True),
        ),
        (
            _ended(3, "some\nlast words\n"),
            Cause(Rank.EXITED, "ended with exit code 3: last words", False),
        ),
        (
            _ended(128, "exec: no such file", "StartError"),
            Cause(Rank.EXITED, "ended with exit code 128 (StartError): exec: no such file", False),
        ),
        (_ended(255), Cause(Rank.EXITED, "ended with exit code 255", False)),
        (_ended(1, "[1]"), Cause(Rank.EXITED, "ended with exit code 1: [1]", False)),
        (
            {"status": {"phase": "Failed", "reason": "Evicted", "message": "low on memory"}},
            Cause(Rank.KILLED, "was ended: Evicted: low on memory", True),
        ),
        (
            {
                "status": {
                    "phase": "Failed",
                    "conditions": [
                        {
                            "type": "DisruptionTarget",
                            "status": "True",
                            "reason": "PreemptionByScheduler",
                            "message": "for a more important pod",
                        }
                    ],
                }
            },
            Cause(
                Rank.KILLED, "was removed: PreemptionByScheduler: for a more important pod", True
            ),
        ),
        (
            {"status": {"phase": "Failed"}},
            Cause(Rank.KILLED, "was lost, and nothing says why", True),
        ),
    ],
)
def test_a_failure_is_told_with_its_cause(pod: dict[str, Any], cause: Cause):
    assert explain_failure(pod) == cause


def test_what_ends_the_pods_of_a_job_that_has_failed_is_no_cause():
    deleted = {**_ended(137), "metadata": {"deletionTimestamp": "2026-11-25T10:00:01Z"}}
    preempted = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}

    cause = explain_failure(deleted)
    deleted["status"] = {**deleted["status"], "conditions": [preempted]}

    assert cause.rank == max(Rank)
    assert cause.may_pass
    assert explain_failure(deleted).rank == Rank.KILLED


def test_a_long_cause_fits_into_what_kubernetes_keeps():
    message = write_failure("☃" * 10_000, lost_peers=False)

    assert len(message.encode()) < 4096
    assert json.loads(message)["failure"].startswith("☃☃")
