"""The manifests are valid, and fit each other and the settings."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from modules.distribution.pods.manifests import PodGroup
from pipeline.config import PipelineConfig
from runners.commands.serve import serve
from runners.kubeflow.settings import KubeflowSettings
from serving.rest.health import HEALTH_PATHS
from support.kubernetes.schemas import NEWEST, OLDEST, find_faults
from support.project import PROJECT

DEPLOY = PROJECT / "deploy"
FOLDER = DEPLOY / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())


def _documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def _everything() -> list[dict[str, Any]]:
    names = [*KUSTOMIZATION["resources"], "secret.example.yaml", "serve.yaml"]
    return [document for name in names for document in _documents(name)]


def _find(kind: str, name: str) -> dict[str, Any]:
    [found] = [
        each for each in _everything() if (each["kind"], each["metadata"]["name"]) == (kind, name)
    ]
    return found


@pytest.mark.parametrize("document", _everything(), ids=lambda each: each["metadata"]["name"])
def test_a_manifest_is_valid_in_the_oldest_and_the_newest_kubernetes(document: dict[str, Any]):
    assert find_faults(document) == []


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ({"ports": [{"port": 80, "portt": 1}]}, "$.spec.ports[0]: Additional properties"),
        ({"ports": [{"name": "http"}]}, "$.spec.ports[0]: 'port' is a required property"),
        ({"type": 3}, "$.spec.type: 3 is not of type"),
    ],
)
def test_the_check_itself_finds_misspelt_missing_and_mistyped_fields(
    spec: dict[str, Any], fault: str
):
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}

    found = find_faults(service)

    for version, each in zip((OLDEST, NEWEST), found, strict=True):
        assert each.startswith(f"Kubernetes {version}: {fault}")


def test_the_model_server_gets_the_files_of_tf_serving_and_the_flags_of_compose():
    content = _find("ConfigMap", "tf-serving")["data"]
    compose = yaml.safe_load((DEPLOY / "tf-serving" / "compose.yaml").read_text())
    service = compose["services"]["model-server"]
    pod = _find("Deployment", "tf-serving")["spec"]["template"]["spec"]
    [container] = pod["containers"]

    assert content == {
        name: (DEPLOY / "tf-serving" / name).read_text()
        for name in ("batching.config", "models.config", "monitoring.config")
    }
    assert set(container["args"] + container["command"]) == {
        *service["command"],
        *service["entrypoint"],
    }
    assert container["image"] in service["image"]


def test_the_folder_of_models_is_made_by_the_user_who_pushes_before_it_is_mounted():
    pod = _find("Deployment", "tf-serving")["spec"]["template"]["spec"]
    [make_folder] = pod["initContainers"]
    [whole] = make_folder["volumeMounts"]
    [part] = [mount for mount in pod["containers"][0]["volumeMounts"] if "subPath" in mount]

    assert whole["name"] == part["name"]
    assert not {"subPath", "readOnly"} & set(whole)
    assert make_folder["command"] == ["mkdir", "-p", f"{whole['mountPath']}/{part['subPath']}"]
    assert make_folder["image"] == pod["containers"][0]["image"]
    assert pod["securityContext"]["runAsUser"] == 1000
    assert "USER 1000\n" in (DEPLOY.parent / "Dockerfile").read_text()


def test_our_own_server_is_probed_on_its_pages_and_takes_the_flags_that_it_is_given():
    pod = _find("Deployment", "model-server")["spec"]["template"]["spec"]
    [container] = pod["containers"]
    [program, name, *arguments] = container["args"]
    probes = {
        kind: container[f"{kind}Probe"]["httpGet"]["path"]
        for kind in ("startup", "readiness", "liveness")
    }

    assert (program, name) == ("tfx-mnist", "serve")
    assert serve.make_context(name, arguments).params["host"] == "0.0.0.0"  # noqa: S104
    assert probes == {"startup": "/healthz", "readiness": "/readyz", "liveness": "/healthz"}
    assert set(probes.values()) == {*HEALTH_PATHS}
    assert container["image"] == KUSTOMIZATION["images"][0]["name"]
    assert (
        pod["volumes"][0]
        == _find("Deployment", "tf-serving")["spec"]["template"]["spec"]["volumes"][0]
    )


def test_no_namespace_is_deleted_with_the_rest():
    assert [each for each in _everything() if each["kind"] == "Namespace"] == []


def test_the_job_runs_mlmd_init_in_the_image_of_the_settings_on_the_database_beside_it():
    pod = _find("Job", "mlmd-init")["spec"]["template"]["spec"]
    [container] = pod["containers"]
    [image] = KUSTOMIZATION["images"]
    settings = yaml.safe_load((DEPLOY / "kubeflow" / "settings.yaml").read_text())
    *command, url = container["args"]

    assert command == ["tfx-mnist", "mlmd", "init", "--mlmd"]
    assert settings["mlmd"] == url.replace("@mlmd:", f"@mlmd.{KUSTOMIZATION['namespace']}.svc:")
    assert container["image"] == image["name"]
    assert settings["image"] == f"{image['newName']}:{image['newTag']}"
    assert container["env"][0]["valueFrom"]["secretKeyRef"] == {
        "name": settings["mlmd_password"]["secret"],
        "key": settings["mlmd_password"]["key"],
    }


@pytest.mark.parametrize(
    ("kind", "name"),
    [("StatefulSet", "mlmd"), ("Deployment", "tf-serving"), ("Deployment", "model-server")],
)
def test_services_select_the_pods_and_name_their_ports(kind: str, name: str):
    workload = _find(kind, name)["spec"]
    labels = workload["template"]["metadata"]["labels"]
    service = _find("Service", name)["spec"]
    [container] = workload["template"]["spec"]["containers"]

    assert workload["selector"]["matchLabels"].items() <= labels.items()
    assert service["selector"].items() <= labels.items()
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert {port["targetPort"]: port["port"] for port in service["ports"]} == ports


def test_prometheus_is_sent_to_the_page_that_monitoring_turns_on():
    template = _find("Deployment", "tf-serving")["spec"]["template"]
    path = template["metadata"]["annotations"]["prometheus.io/path"]

    assert f'path: "{path}"' in (DEPLOY / "tf-serving" / "monitoring.config").read_text()


def test_the_settings_of_kubeflow_name_what_the_manifests_make():
    settings = yaml.safe_load((DEPLOY / "kubeflow" / "settings.yaml").read_text())
    [volume] = settings["volumes"]
    secret = settings["mlmd_password"]
    [postgresql] = _find("StatefulSet", "mlmd")["spec"]["template"]["spec"]["containers"]
    environment = {entry["name"]: entry.get("value") for entry in postgresql["env"]}

    assert _find("PersistentVolumeClaim", volume["claim"])["spec"]["accessModes"] == [
        "ReadWriteMany"
    ]
    assert secret["key"] in _find("Secret", secret["secret"])["stringData"]
    assert settings["mlmd"] == (
        f"postgresql://{environment['POSTGRES_USER']}@mlmd.{KUSTOMIZATION['namespace']}.svc:5432/"
        f"{environment['POSTGRES_DB']}"
    )
    folders = KubeflowSettings.model_validate(settings).folders
    serving = folders.place(PipelineConfig(), str(Path.cwd())).serving_model_dir
    below = serving.removeprefix(f"{volume['path']}/")
    [server] = _find("Deployment", "tf-serving")["spec"]["template"]["spec"]["containers"]
    assert below in [mount.get("subPath") for mount in server["volumeMounts"]]
    [kserve] = _documents("kserve.yaml")
    uri = kserve["spec"]["predictor"]["model"]["storageUri"]
    assert uri == f"pvc://{volume['claim']}/{below}"


def test_who_may_train_in_pods_is_who_runs_the_steps():
    binding = _find("RoleBinding", "tfx-training")
    settings = (DEPLOY / "airflow" / "kubernetes.yaml").read_text()
    with_pods = settings.replace("# serviceAccountName", "serviceAccountName")
    airflow = yaml.safe_load(with_pods)["kubernetes"]
    account = airflow["pod_template"]["spec"]["serviceAccountName"]

    assert _find("Role", binding["roleRef"]["name"])
    assert _find("ServiceAccount", account)
    assert airflow["namespace"] == KUSTOMIZATION["namespace"]
    assert [(each["name"], each["namespace"]) for each in binding["subjects"]] == [
        (account, KUSTOMIZATION["namespace"]),
        ("pipeline-runner", KUSTOMIZATION["namespace"]),
    ]


def test_without_workers_in_pods_airflow_needs_no_account_and_no_task_has_its_right():
    airflow = yaml.safe_load((DEPLOY / "airflow" / "kubernetes.yaml").read_text())["kubernetes"]

    assert "serviceAccountName" not in airflow["pod_template"]["spec"]


def test_workers_are_reached_by_workers_only():
    labels = PodGroup(namespace="tfx", tasks={"worker": 2}, checkpoint_dir="/tfx/1a").labels
    policy = _find("NetworkPolicy", "tfx-training")["spec"]
    [rule] = policy["ingress"]
    [who] = rule["from"]

    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert who == {"podSelector": policy["podSelector"]}
    assert policy["policyTypes"] == ["Ingress"]
