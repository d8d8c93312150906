"""What Kubernetes is asked for: valid, like the Trainer's pod, and nobody else's."""

import re
from typing import Any

import pytest

from modules.distribution.cluster import make_clusters
from modules.distribution.pods.manifests import PodGroup, render_job, render_service
from runners.metadata.url import PASSWORD_FILE_VARIABLE, PASSWORD_VARIABLE, URL_VARIABLE
from support.kubernetes.own_pods import of_airflow, of_kubeflow
from support.kubernetes.schemas import find_faults

COMMAND = ["/opt/venv/bin/python", "-m", "member", "/tfx/$RUN/$(job).json"]
DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


def _group(**tasks: int) -> PodGroup:
    return PodGroup(namespace="tfx", tasks=tasks or {"worker": 2}, checkpoint_dir="/tfx/runs/1a")


def _job(own_pod: dict[str, Any], group: PodGroup | None = None) -> dict[str, Any]:
    return render_job(group or _group(), own_pod, COMMAND, lease_seconds=900)


def _pod(own_pod: dict[str, Any]) -> dict[str, Any]:
    return _job(own_pod)["spec"]["template"]


@pytest.mark.parametrize("own_pod", [of_kubeflow(), of_airflow()], ids=["kubeflow", "airflow"])
def test_job_and_service_are_valid_in_the_oldest_and_the_newest_kubernetes(own_pod: dict[str, Any]):
    group = _group()
    job = _job(own_pod, group)
    service = render_service(group, {"metadata": {"name": group.name, "uid": "1"}})

    assert find_faults(job) == []
    assert find_faults(service) == []


def test_all_belongs_to_the_pod_that_asks_for_it():
    own_pod = of_kubeflow()
    group = _group()

    [owner_of_job] = _job(own_pod, group)["metadata"]["ownerReferences"]
    made = {"metadata": {"name": group.name, "uid": "uid-of-the-job"}}
    [owner_of_service] = render_service(group, made)["metadata"]["ownerReferences"]

    assert owner_of_job == {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": own_pod["metadata"]["name"],
        "uid": own_pod["metadata"]["uid"],
    }
    assert owner_of_service == {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": group.name,
        "uid": "uid-of-the-job",
    }


def test_each_try_has_another_name_that_dns_takes_with_the_greatest_index():
    first, second = _group(), _group()

    assert first.name != second.name
    assert DNS_LABEL.fullmatch(first.name)
    assert DNS_LABEL.fullmatch(f"{first.name}-99999")
    assert first.selector != second.selector
    assert first.selector_of_training == second.selector_of_training


def test_there_is_a_pod_for_each_process_and_none_is_started_twice():
    spec = _job(of_kubeflow(), _group(chief=1, worker=3, ps=2))["spec"]

    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 6, 6)
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (0, 900)
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


def test_the_completion_index_counts_chief_workers_servers():
    group = _group(chief=1, worker=2, ps=1)

    clusters = make_clusters(group.addresses)

    assert group.members == ["chief 0", "worker 0", "worker 1", "ps 0"]
    assert [each.name for each in clusters] == group.members
    assert [each.addresses[each.task][each.index] for each in clusters] == [
        f"{group.name}-{index}.{group.name}.tfx.svc:2222" for index in range(4)
    ]


def test_the_service_names_the_pods_before_they_are_ready():
    group = _group()
    service = render_service(group, {"metadata": {"name": group.name, "uid": "1"}})["spec"]
    template = _job(of_kubeflow(), group)["spec"]["template"]

    assert service["clusterIP"] == "None"
    assert service["publishNotReadyAddresses"]
    assert service["selector"].items() <= template["metadata"]["labels"].items()
    assert template["spec"]["subdomain"] == group.name


def test_kubernetes_reads_the_command_as_it_was_meant_and_adds_the_index():
    [container] = _pod(of_kubeflow())["spec"]["containers"]

    assert container["command"] == [
        *COMMAND[:3],
        "/tfx/$$RUN/$$(job).json",
        "$(JOB_COMPLETION_INDEX)",
    ]
    assert "args" not in container


def test_a_worker_has_what_the_step_of_kubeflow_has_and_nothing_of_argo():
    own_pod = of_kubeflow()
    main = own_pod["spec"]["containers"][1]
    template = _pod(own_pod)
    spec = template["spec"]
    [container] = spec["containers"]

    assert {name: container[name] for name in ("image", "resources", "envFrom")} == {
        name: main[name] for name in ("image", "resources", "envFrom")
    }
    assert container["env"] == [{"name": "TF_FORCE_GPU_ALLOW_GROWTH", "value": "true"}]
    assert container["volumeMounts"] == [{"name": "tfx-shared", "mountPath": "/tfx"}]
    assert [volume["name"] for volume in spec["volumes"]] == ["tfx-shared"]
    for name in (
        "serviceAccountName",
        "nodeSelector",
        "tolerations",
        "imagePullSecrets",
        "securityContext",
    ):
        assert spec[name] == own_pod["spec"][name]
    assert not {"initContainers", "nodeName"} & set(spec)
    assert not spec["automountServiceAccountToken"]


def test_a_worker_has_what_the_task_of_airflow_has_and_no_sidecar():
    template = _pod(of_airflow())
    [container] = template["spec"]["containers"]

    assert container["image"] == "registry.example.com/tfx-mnist:0.1.0"
    assert container["env"] == [{"name": "GOOGLE_APPLICATION_CREDENTIALS", "value": "/gcp/key"}]
    assert container["volumeMounts"] == [{"name": "tfx-shared", "mountPath": "/tfx"}]


@pytest.mark.parametrize("name", [URL_VARIABLE, PASSWORD_VARIABLE, PASSWORD_FILE_VARIABLE])
def test_a_worker_does_not_learn_how_to_get_into_the_metadata(name: str):
    own_pod = of_kubeflow(env=[{"name": name, "value": "secret"}])

    [container] = _pod(own_pod)["spec"]["containers"]

    assert container["env"] == []


@pytest.mark.parametrize("own_pod", [of_kubeflow(), of_airflow()], ids=["kubeflow", "airflow"])
def test_no_orchestrator_and_no_mesh_takes_a_worker_for_its_own(own_pod: dict[str, Any]):
    metadata = _pod(own_pod)["metadata"]

    assert not set(own_pod["metadata"]["labels"]) & set(metadata["labels"])
    assert set(metadata["annotations"]) <= {
        "cluster-autoscaler.kubernetes.io/safe-to-evict",
        "sidecar.istio.io/inject",
    }
    assert metadata["labels"]["sidecar.istio.io/inject"] == "false"


def test_several_containers_without_a_known_name_are_refused():
    own_pod = of_kubeflow(name="mine")

    with pytest.raises(ValueError, match=r"expected one container, .* received wait, mine\."):
        _job(own_pod)

    own_pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] = "mine"
    assert _pod(own_pod)["spec"]["containers"][0]["name"] == "mine"
