"""What a training makes of an API that refuses, is in trouble, or breaks off."""

import socket
from collections.abc import Callable

import pytest
import urllib3

from modules.distribution.launch import train_apart
from modules.distribution.pods import kubernetes_api
from modules.training.job import TrainingJob
from support.json_server import AnswerCutOffError
from support.kubernetes.own_pods import of_kubeflow
from support.kubernetes.pod_trainings import fault_of
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
    whole = {("get", "pods"), ("create", "jobs"), ("list", "pods"), ("delete", "jobs")}

    def break_off(verb: str, resource: str) -> None:
        if (verb, resource) in whole:
            whole.remove((verb, resource))
            raise AnswerCutOffError

    kubernetes.on_request = break_off

    train_apart(job, train="none:none")

    assert whole == set()
    assert kubernetes.requests.count(("get", "pods")) == 2


def test_an_api_that_breaks_off_again_and_again_is_given_up(
    kubernetes: KubernetesStandIn, job: TrainingJob, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(kubernetes_api, "_TRIES", urllib3.Retry(total=1, allowed_methods=None))
    kubernetes.troubles.extend([AnswerCutOffError()] * 3)

    fault = fault_of(job)

    assert str(fault).startswith("Kubernetes' API does not answer: ")
    assert kubernetes.requests == [("get", "pods")] * 2


def test_an_object_that_was_made_though_nobody_heard_of_it_is_no_other(
    kubernetes: KubernetesStandIn, have_pods_run: Callable[..., None], job: TrainingJob
):
    have_pods_run("print()", "print()")
    lost = {("create", "jobs"), ("create", "services")}

    def lose_answer(verb: str, resource: str) -> None:
        if (verb, resource) in lost:
            lost.remove((verb, resource))
            raise ConnectionError

    kubernetes.on_request = lose_answer

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
