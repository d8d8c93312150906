"""A cluster of Kubernetes in which the test is the Trainer's pod."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kubernetes.config import incluster_config

from modules.training.job import TrainingJob
from support.kubernetes.controllers import Cluster
from support.kubernetes.own_pods import of_kubeflow
from support.kubernetes.pod_trainings import make_job
from support.kubernetes.stand_in import KubernetesStandIn, serve_kubernetes
from support.project import PROJECT


@pytest.fixture
def kubernetes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubernetesStandIn]:
    """Serves a cluster whose pods are processes; all of them are gone behind the test."""
    own_pod = of_kubeflow(
        image="this environment", workingDir=str(PROJECT), env=[{"name": "HERE", "value": "yes"}]
    )
    cluster = Cluster(folder=tmp_path / "pods", programs={"this environment": [sys.executable]})
    with serve_kubernetes(tmp_path / "kubernetes", own_pod, cluster) as stand_in:
        # What every pod finds in its file system and its environment.
        token, certificate = (str(stand_in.account / name) for name in ("token", "ca.crt"))
        monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", token)
        monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", certificate)
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", stand_in.host)
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", stand_in.port)
        yield stand_in
        assert (cluster.jobs, cluster.services, cluster.pods) == ({}, {}, {})


@pytest.fixture
def job(tmp_path: Path) -> TrainingJob:
    """Returns a job for two pods."""
    return make_job(tmp_path)


@pytest.fixture
def have_pods_run(kubernetes: KubernetesStandIn) -> Callable[..., None]:
    """Returns a function that has pods run Python statements instead of a training."""

    def have(*programs: str) -> None:
        choices = "".join(f"if index == '{i}': {each}\n" for i, each in enumerate(programs))
        program = (
            "import os, pathlib, signal, sys\n"
            "job, train, addresses, seconds, termination_log, index = sys.argv[3:]\n"
            f"{choices}"
        )
        kubernetes.cluster.programs = {"this environment": [sys.executable, "-S", "-c", program]}

    return have
