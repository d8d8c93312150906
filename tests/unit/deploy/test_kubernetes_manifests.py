"""The manifests have the fields of Kubernetes' own models, and fit each other and the settings."""

import re
from typing import Any

import pytest
import yaml

from support.project import PROJECT

client = pytest.importorskip("kubernetes.client", reason="comes with kfp: Python 3.11 only")

DEPLOY = PROJECT / "deploy"
FOLDER = DEPLOY / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
MODELS = {
    ("v1", "ConfigMap"): "V1ConfigMap",
    ("v1", "PersistentVolumeClaim"): "V1PersistentVolumeClaim",
    ("v1", "Secret"): "V1Secret",
    ("v1", "Service"): "V1Service",
    ("apps/v1", "Deployment"): "V1Deployment",
    ("apps/v1", "StatefulSet"): "V1StatefulSet",
    ("batch/v1", "Job"): "V1Job",
}
PRIMITIVES = {"str": str, "int": int, "bool": bool, "object": (str, int), "float": (int, float)}


def _documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def _everything() -> list[dict[str, Any]]:
    names = [*KUSTOMIZATION["resources"], "secret.example.yaml"]
    return [document for name in names for document in _documents(name)]


def _find(kind: str, name: str) -> dict[str, Any]:
    [found] = [
        each for each in _everything() if (each["kind"], each["metadata"]["name"]) == (kind, name)
    ]
    return found


def _faults(value: Any, kind: str, where: str) -> list[str]:
    """Compares a value with a type as Kubernetes' client names it, all the way down."""
    if inner := re.fullmatch(r"list\[(.+)\]", kind):
        return [
            fault
            for index, item in enumerate(value)
            for fault in _faults(item, inner[1], f"{where}[{index}]")
        ]
    if inner := re.fullmatch(r"dict\(str, (.+)\)", kind):
        return [
            fault
            for key, item in value.items()
            for fault in _faults(item, inner[1], f"{where}.{key}")
        ]
    if kind in PRIMITIVES:
        return [] if isinstance(value, PRIMITIVES[kind]) else [f"{where}: {value!r} is no {kind}"]
    model = getattr(client, kind)
    attributes = {json: name for name, json in model.attribute_map.items()}
    faults = [f"{where}: no such field: {key}" for key in value if key not in attributes]
    for key in set(value) & set(attributes):
        faults += _faults(value[key], model.openapi_types[attributes[key]], f"{where}.{key}")
    try:
        model(**{attributes[key]: item for key, item in value.items() if key in attributes})
    except ValueError as error:  # a required field is missing
        faults.append(f"{where}: {error}")
    return faults


@pytest.mark.parametrize("document", _everything(), ids=lambda each: each["metadata"]["name"])
def test_a_manifest_has_only_fields_of_kubernetes_and_all_that_are_required(
    document: dict[str, Any],
):
    kind = MODELS[document["apiVersion"], document["kind"]]

    assert _faults(document, kind, document["kind"]) == []


def test_the_check_itself_finds_misspelt_missing_and_mistyped_fields():
    service = {"spec": {"ports": [{"name": "http", "portt": 1}], "type": 3}}

    assert sorted(_faults(service, "V1Service", "Service")) == [
        "Service.spec.ports[0]: Invalid value for `port`, must not be `None`",
        "Service.spec.ports[0]: no such field: portt",
        "Service.spec.type: 3 is no str",
    ]


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


@pytest.mark.parametrize(("kind", "name"), [("StatefulSet", "mlmd"), ("Deployment", "tf-serving")])
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
    [kserve] = _documents("kserve.yaml")
    assert kserve["spec"]["predictor"]["model"]["storageUri"] == f"pvc://{volume['claim']}/serving"
