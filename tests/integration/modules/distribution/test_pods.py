"""A training in pods: the same weights, and a fault that says who and why, with nothing left."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.distribution.launch import train_apart
from modules.distribution.pods import watch
from modules.distribution.pods.states import write_failure
from modules.training.job import TrainingJob
from support.kubernetes.pod_trainings import NEVER_ENDS, fault_of, make_job
from support.kubernetes.stand_in import KubernetesStandIn


def test_the_training_is_done_when_its_chief_is_and_servers_end_with_it(
    kubernetes: KubernetesStandIn, have_pods_run: Callable[..., None], tmp_path: Path
):
    job = make_job(tmp_path, strategy="parameter_server", workers=1)
    have_pods_run("print('trained')", NEVER_ENDS, NEVER_ENDS)

    train_apart(job, train="none:none")

    assert (tmp_path / "model_run" / "chief-0.log").read_text() == "trained\n"
    assert ("delete", "jobs") in kubernetes.requests


def test_an_error_of_a_pod_is_told_with_its_last_words_and_ends_the_others(
    have_pods_run: Callable[..., None], job: TrainingJob, caplog: pytest.LogCaptureFixture
):
    have_pods_run(NEVER_ENDS, "print('first'), print('last words'), sys.exit(3)")

    fault = fault_of(job)

    log = Path(job.checkpoint_dir, "logs", "worker-1.log")
    assert re.fullmatch(
        rf"worker 1 \(pod tfx-training-\w+-1-\w+\) ended with exit code 3: last words\. Log: {log}",
        str(fault),
    )
    assert not fault.may_pass
    assert log.read_text() == "first\nlast words\n"
    assert "worker 1: last words" in caplog.messages


def test_the_cause_that_a_pod_leaves_is_that_of_the_fault(
    have_pods_run: Callable[..., None], job: TrainingJob
):
    message = write_failure("ValueError: no data", lost_peers=False)
    have_pods_run(NEVER_ENDS, f"pathlib.Path(termination_log).write_text({message!r}), sys.exit(1)")

    assert " failed: ValueError: no data. Log: " in str(fault_of(job))


@pytest.mark.parametrize(
    ("reason", "what"),
    [
        ("OOMKilled", "was killed: it needed more memory than its limit"),
        ("Error", "was killed by signal 9 (Killed)"),
    ],
)
def test_a_pod_that_is_killed_is_told_apart_and_may_live_another_time(
    kubernetes: KubernetesStandIn,
    have_pods_run: Callable[..., None],
    job: TrainingJob,
    reason: str,
    what: str,
):
    kubernetes.cluster.reasons = {1: reason}
    have_pods_run(NEVER_ENDS, "os.kill(os.getpid(), signal.SIGKILL)")

    fault = fault_of(job)

    assert re.match(rf"worker 1 \(pod [\w-]+\) {re.escape(what)}\.", str(fault))
    assert fault.may_pass


def test_after_a_kill_all_pods_are_made_anew(
    kubernetes: KubernetesStandIn, have_pods_run: Callable[..., None], tmp_path: Path
):
    job = make_job(tmp_path, restarts=1)
    have_pods_run(NEVER_ENDS, "os.kill(os.getpid(), signal.SIGKILL)")

    def have_others_live(verb: str, resource: str) -> None:
        if (verb, resource) == ("delete", "jobs"):
            have_pods_run("print()", "print()")

    kubernetes.on_request = have_others_live

    train_apart(job, train="none:none")

    assert kubernetes.requests.count(("create", "jobs")) == 2


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (
            {
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/3 nodes are available",
                    }
                ]
            },
            "worker 1: Unschedulable: 0/3 nodes are available",
        ),
        (
            {
                "containerStatuses": [
                    {"state": {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}}
                ]
            },
            "worker 1: ErrImagePull: no such image",
        ),
    ],
)
def test_a_pod_that_does_not_start_in_time_is_told_in_the_words_of_kubernetes(
    kubernetes: KubernetesStandIn,
    have_pods_run: Callable[..., None],
    tmp_path: Path,
    status: dict[str, Any],
    what: str,
):
    job = make_job(tmp_path, start_timeout_seconds=0.1)
    kubernetes.cluster.waiting = {1: {"phase": "Pending", **status}}
    have_pods_run(NEVER_ENDS)

    fault = fault_of(job)

    assert "have not started within 0.1 s (training.start_timeout_seconds)" in str(fault)
    assert what in str(fault)
    assert fault.may_pass


def test_a_pod_that_is_deleted_ends_its_job_and_may_live_another_time(
    kubernetes: KubernetesStandIn, have_pods_run: Callable[..., None], tmp_path: Path
):
    job = make_job(tmp_path, start_timeout_seconds=60)
    have_pods_run(NEVER_ENDS, NEVER_ENDS)

    def delete_pod(verb: str, resource: str) -> None:
        if (verb, resource) == ("list", "pods") and kubernetes.cluster.pods:
            kubernetes.on_request = lambda *_: None
            [_, second] = kubernetes.cluster.pods.values()
            kubernetes.cluster.lose(second)

    kubernetes.on_request = delete_pod

    fault = fault_of(job)

    assert "No pod is left to tell why" in str(fault)
    assert fault.may_pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_behind(
    have_pods_run: Callable[..., None],
    job: TrainingJob,
    number: signal.Signals,
):
    before = signal.signal(number, signal.default_int_handler)  # as a node does
    have_pods_run(f"os.kill({os.getpid()}, {int(number)}), signal.pause()", NEVER_ENDS)

    try:
        with pytest.raises(KeyboardInterrupt):
            train_apart(job, train="none:none")
    finally:
        signal.signal(number, before)


def test_the_end_of_the_pods_is_put_off_as_long_as_somebody_watches(
    kubernetes: KubernetesStandIn,
    have_pods_run: Callable[..., None],
    job: TrainingJob,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    monkeypatch.setattr(watch, "_SECONDS_BETWEEN_RENEWALS", 0)
    have_pods_run(f"open({str(fifo)!r}).read()", NEVER_ENDS)
    deadlines = []

    def let_chief_end(verb: str, resource: str) -> None:
        if (verb, resource) == ("patch", "jobs"):
            [made] = kubernetes.cluster.jobs.values()
            deadlines.append(made["spec"]["activeDeadlineSeconds"])
            if len(deadlines) == 2:  # two seconds later
                fifo.open("w").close()

    kubernetes.on_request = let_chief_end

    train_apart(job, train="none:none")

    assert deadlines[1] > watch.LEASE_SECONDS
    # Before anything else that the API may take long to answer.
    pods_run = kubernetes.requests.index(("create", "services"))
    assert kubernetes.requests[pods_run + 1] == ("patch", "jobs")


def test_a_job_that_somebody_deletes_is_not_made_again(
    kubernetes: KubernetesStandIn, have_pods_run: Callable[..., None], tmp_path: Path
):
    job = make_job(tmp_path, restarts=1)
    have_pods_run(NEVER_ENDS, NEVER_ENDS)

    def delete(verb: str, resource: str) -> None:
        if (verb, resource) == ("create", "services"):
            [name] = kubernetes.cluster.jobs
            kubernetes.cluster.delete_job(name)

    kubernetes.on_request = delete

    assert "was deleted by somebody else" in str(fault_of(job))
