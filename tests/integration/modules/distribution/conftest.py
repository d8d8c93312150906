"""A cluster of Kubernetes in which the test is the Trainer's pod."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes.config import incluster_config

from support.kubernetes.controllers import Cluster
from support.kubernetes.own_pods import of_kubeflow
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
