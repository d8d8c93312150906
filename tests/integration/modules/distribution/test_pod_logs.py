"""The logs of pods are kept when they go, and neither a training nor a restart waits for one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from modules.distribution.launch import train_apart
from modules.distribution.pods import kubernetes_api, watch
from modules.training.job import TrainingJob
from support.json_server import AnswerCutOffError
from support.kubernetes.pod_trainings import NEVER_ENDS, fault_of, hanging
from support.kubernetes.stand_in import KubernetesStandIn


def test_without_the_right_to_read_logs_a_training_is_done_and_a_fault_is_told(
    kubernetes: KubernetesStandIn, have_pods_run: Callable[..., None], job: TrainingJob
):
    kubernetes.rights -= {("get", "pods/log")}
    have_pods_run("print()", "print()")
    train_apart(job, train="none:none")

    have_pods_run(NEVER_ENDS, "print('last words'), sys.exit(3)")

    assert "ended with exit code 3: last words. Log: none" in str(fault_of(job))


@pytest.mark.parametrize("break_off", [ConnectionError, AnswerCutOffError])
def test_a_log_that_cannot_be_had_at_once_is_left_out_and_others_are_kept(
    kubernetes: KubernetesStandIn,
    have_pods_run: Callable[..., None],
    job: TrainingJob,
    tmp_path: Path,
    break_off: type[Exception],
):
    have_pods_run("print('first')", "print('second')")

    def break_first(verb: str, resource: str) -> None:
        log = ("get", "pods/log")
        if (verb, resource) == log and kubernetes.requests.count(log) == 1:
            raise break_off

    kubernetes.on_request = break_first

    train_apart(job, train="none:none")

    [log] = (tmp_path / "model_run").glob("*.log")
    assert (log.name, log.read_text()) == ("worker-1.log", "second\n")
    assert kubernetes.requests.count(("get", "pods/log")) == 2


def test_logs_that_never_come_do_not_hold_up_the_end_of_a_training(
    kubernetes: KubernetesStandIn,
    have_pods_run: Callable[..., None],
    job: TrainingJob,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr(kubernetes_api, "_SECONDS_FOR_LOG", 1)
    have_pods_run("print()", "print()")

    with hanging(kubernetes, lambda *request: request == ("get", "pods/log")):
        train_apart(job, train="none:none")

    lost = [each for each in caplog.messages if each.startswith("The log of worker")]
    assert len(lost) == 2


def test_all_logs_together_have_a_limit(
    kubernetes: KubernetesStandIn,
    have_pods_run: Callable[..., None],
    job: TrainingJob,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(watch, "_SECONDS_FOR_LOGS", 0)
    have_pods_run("print()", "print()")

    train_apart(job, train="none:none")

    assert ("get", "pods/log") not in kubernetes.requests


def test_a_log_that_cannot_be_written_is_left_out_and_others_are_kept(
    have_pods_run: Callable[..., None], job: TrainingJob, tmp_path: Path
):
    have_pods_run("print('first')", "print('second')")
    (tmp_path / "model_run" / "worker-0.log").mkdir()

    train_apart(job, train="none:none")

    assert (tmp_path / "model_run" / "worker-1.log").read_text() == "second\n"


def test_a_fault_names_no_log_where_none_could_be_written(
    have_pods_run: Callable[..., None], job: TrainingJob, caplog: pytest.LogCaptureFixture
):
    have_pods_run(NEVER_ENDS, "print('last words'), sys.exit(3)")
    Path(job.checkpoint_dir).mkdir()
    Path(job.checkpoint_dir, "logs").touch()

    assert "ended with exit code 3: last words. Log: none" in str(fault_of(job))
    assert "worker 1: last words" in caplog.messages
