"""What a training makes of an API that refuses, is in trouble, or breaks off."""

import socket
from collections.abc import Callable

import pytest

from modules.distribution.launch import train_apart
from modules.distribution.pods import answers, kubernetes_api, watch
from modules.training.job import TrainingJob
from support.json_server import AnswerCutOffError
from support.kubernetes.own_pods import of_kubeflow
from support.kubernetes.pod_trainings import NEVER_ENDS, break_once, fault_of, hanging
from support.kubernetes.stand_in import KubernetesStandIn


def test_who_may_not_make_pods_is_told_what_gives_the_right(
    kubernetes: KubernetesStandIn, job: TrainingJob
):
    kubernetes.rights -= {("create", "jobs")}

    fault = fault_of(job)

    assert "system:serviceaccount:tfx:pipeline-runner" in str(fault)
    assert 'cannot create resource "jobs"' in str(fault)
    assert "deploy/kubernetes/training.yaml" in str(fault)
    assert not fault.may_pass


def test_a_right_that_lacks_later_leaves_nothing_behind(
    kubernetes: KubernetesStandIn, job: TrainingJob
):
    kubernetes.rights -= {("create", "services")}

    assert 'cannot create resource "services"' in str(fault_of(job))
    assert ("delete", "jobs") in kubernetes.requests


def test_a_server_in_trouble_is_asked_again(
    kubernetes: KubernetesStandIn, have_pods_run: Callable[..., None], job: TrainingJob
):
    have_pods_run("print()", "print()")

    def make_trouble(verb: str, resource: str) -> None:
        if (verb, resource) == ("create", "services") and not kubernetes.troubles:
            kubernetes.troubles.extend([ConnectionError(), 429])
            kubernetes.on_request = lambda *_: None

    kubernetes.troubles.append(500)
    kubernetes.on_request = make_trouble

    train_apart(job, train="none:none")

    assert kubernetes.troubles == []


def test_an_answer_that_breaks_off_is_asked_for_again(
    kubernetes: KubernetesStandIn, have_pods_run: Callable[..., None], job: TrainingJob
):
    have_pods_run("print()", "print()")
    requests = {("get", "pods"), ("create", "jobs"), ("list", "pods"), ("delete", "jobs")}
    whole = break_once(kubernetes, requests, AnswerCutOffError)

    train_apart(job, train="none:none")

    assert whole == set()
    assert kubernetes.requests.count(("get", "pods")) == 2


def test_an_api_that_breaks_off_again_and_again_is_given_up(
    kubernetes: KubernetesStandIn, job: TrainingJob, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(answers, "_SECONDS_FOR_ANSWER", 2)
    kubernetes.troubles.extend([AnswerCutOffError()] * 9)

    fault = fault_of(job)

    assert str(fault).startswith("Kubernetes' API does not answer: ")
    assert fault.may_pass
    assert set(kubernetes.requests) == {("get", "pods")}


def test_an_api_that_hangs_is_given_up_when_no_time_is_left_for_the_request(
    kubernetes: KubernetesStandIn, job: TrainingJob, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(answers, "_SECONDS_FOR_ANSWER", 1)

    with hanging(kubernetes, lambda *_: True):
        fault = fault_of(job)

    assert str(fault).startswith("Kubernetes' API does not answer: ")
    assert fault.may_pass


def test_pods_train_on_while_the_api_does_not_answer(
    kubernetes: KubernetesStandIn,
    have_pods_run: Callable[..., None],
    job: TrainingJob,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    have_pods_run("print()", "print()")

    def begin_outage(verb: str, resource: str) -> None:
        if (verb, resource) == ("create", "services"):
            # In less than a second there are two tries, so that one request fails at least.
            monkeypatch.setattr(answers, "_SECONDS_FOR_ANSWER", 0.9)
            kubernetes.troubles.extend([503, ConnectionError(), 503, 503])

    kubernetes.on_request = begin_outage

    train_apart(job, train="none:none")

    [warning, *_] = [text for text in caplog.messages if "does not answer" in text]
    assert warning.endswith(" is left to train on.")
    assert kubernetes.requests.count(("create", "jobs")) == 1


def test_an_outage_that_outlasts_the_pods_ends_the_try(
    kubernetes: KubernetesStandIn,
    have_pods_run: Callable[..., None],
    job: TrainingJob,
    monkeypatch: pytest.MonkeyPatch,
):
    have_pods_run(NEVER_ENDS, NEVER_ENDS)
    monkeypatch.setattr(watch, "LEASE_SECONDS", 0)

    def begin_outage(verb: str, resource: str) -> None:
        if (verb, resource) == ("create", "services"):
            monkeypatch.setattr(answers, "_SECONDS_FOR_ANSWER", 0.9)
            kubernetes.troubles.extend([503, 503])

    kubernetes.on_request = begin_outage

    fault = fault_of(job)

    assert str(fault).startswith("Kubernetes' API does not answer: ")
    assert fault.may_pass


def test_a_refusal_while_pods_train_is_no_outage(
    kubernetes: KubernetesStandIn, have_pods_run: Callable[..., None], job: TrainingJob
):
    have_pods_run(NEVER_ENDS, NEVER_ENDS)

    def take_right(verb: str, resource: str) -> None:
        if (verb, resource) == ("create", "services"):
            kubernetes.rights -= {("list", "pods")}

    kubernetes.on_request = take_right

    fault = fault_of(job)

    assert 'cannot list resource "pods"' in str(fault)
    assert not fault.may_pass


def test_the_end_of_a_training_does_not_wait_long_for_an_api_that_hangs(
    kubernetes: KubernetesStandIn,
    have_pods_run: Callable[..., None],
    job: TrainingJob,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr(kubernetes_api, "_SECONDS_FOR_REMOVAL", 1)
    have_pods_run("print()", "print()")

    def is_first_removal(*request: str) -> bool:
        # A second try, which there is no time for, would be answered.
        removal = ("delete", "jobs")
        return request == removal and kubernetes.requests.count(removal) == 1

    with hanging(kubernetes, is_first_removal):
        train_apart(job, train="none:none")

    assert any("could not be removed, and ends by itself" in text for text in caplog.messages)
    for name in list(kubernetes.cluster.jobs):  # where the request itself came too late
        kubernetes.cluster.delete_job(name)


def test_an_object_that_was_made_though_nobody_heard_of_it_is_no_other(
    kubernetes: KubernetesStandIn, have_pods_run: Callable[..., None], job: TrainingJob
):
    have_pods_run("print()", "print()")
    requests = {("create", "jobs"), ("create", "services")}
    lost = break_once(kubernetes, requests, ConnectionError)

    train_apart(job, train="none:none")

    assert kubernetes.requests.count(("create", "jobs")) == 2
    assert lost == set()


def test_a_pod_whose_name_is_longer_than_a_hostname_is_found_by_its_address(
    kubernetes: KubernetesStandIn,
    have_pods_run: Callable[..., None],
    job: TrainingJob,
    monkeypatch: pytest.MonkeyPatch,
):
    have_pods_run("print()", "print()")
    # A name that every machine can resolve; many cannot with their own.
    hostname = "localhost"
    monkeypatch.setattr(socket, "gethostname", lambda: hostname)
    [own_pod] = kubernetes.own_pods.values()
    own_pod["metadata"]["name"] = f"{hostname}-cut-off-from-this"
    own_pod["status"]["podIP"] = "127.0.0.1"
    over = of_kubeflow()
    over["metadata"]["name"] = "had-the-address-before"
    over["status"] = {**own_pod["status"], "phase": "Succeeded"}
    kubernetes.own_pods = {each["metadata"]["name"]: each for each in (over, own_pod)}

    train_apart(job, train="none:none")


def test_outside_of_a_cluster_the_key_is_named(job: TrainingJob):
    with pytest.raises(ValueError, match=r"^training\.run_workers_in=pods: expected .* in a pod"):
        train_apart(job, train="none:none")
