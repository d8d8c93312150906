"""Makes the pods of workers like the pod that asks for them (standard library only)."""

from collections.abc import Mapping, Sequence
from typing import Any

_Json = Mapping[str, Any]

PORT = 2222
# What a container leaves there is in its pod's status when it has ended.
TERMINATION_LOG = "/dev/termination-log"

# What decides where a pod runs and what it may; all else is of the one pod, or of its orchestrator.
_OF_POD = (
    "affinity",
    "dnsConfig",
    "dnsPolicy",
    "hostAliases",
    "imagePullSecrets",
    "nodeSelector",
    "priorityClassName",
    "runtimeClassName",
    "schedulerName",
    "securityContext",
    "serviceAccountName",
    "tolerations",
)
_OF_CONTAINER = (
    "name",  # which `resourceFieldRef` in its environment may mention
    "image",
    "imagePullPolicy",
    "workingDir",
    "envFrom",
    "resources",
    "securityContext",
    "volumeDevices",
)
_KEPT_ANNOTATIONS = ("cluster-autoscaler.kubernetes.io/", "karpenter.sh/")
_CONTAINERS_OF_ORCHESTRATORS = ("main", "base")  # Argo's, and so Kubeflow's; Airflow's
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
# Argo's emissary and Kubeflow's launcher would wait for a step of theirs; workers ask no API.
_DROPPED_VOLUMES = {"var-run-argo", "tmp-dir-argo", "input-artifacts", "kfp-launcher", "xcom"}
_DROPPED_MOUNTS = {"/var/run/secrets/kubernetes.io/serviceaccount"}
# Of orchestrators, of ML Metadata with its password, which only the node asks, and what says who a
# pod is: every worker is told anew.
_DROPPED_VARIABLES = ("ARGO_", "KFP_", "AIRFLOW_", "MLMD_", "TF_CONFIG", "JOB_COMPLETION_INDEX")


def find_container(pod: _Json) -> _Json:
    """Returns the container of a pod that runs a node of the pipeline.

    Raises:
      ValueError: There are several, and none that an orchestrator is known to use.
    """
    containers = {each["name"]: each for each in pod["spec"]["containers"]}
    if len(containers) == 1:
        return next(iter(containers.values()))
    annotated = (pod["metadata"].get("annotations") or {}).get(_DEFAULT_CONTAINER)
    for name in (*_CONTAINERS_OF_ORCHESTRATORS, annotated):
        if name in containers:
            return containers[name]
    raise ValueError(
        f"pod {pod['metadata']['name']}: expected one container, or one that is called "
        f"{' or '.join(_CONTAINERS_OF_ORCHESTRATORS)} or named by the annotation "
        f"{_DEFAULT_CONTAINER}; received {', '.join(containers)}."
    )


def make_template(
    pod: _Json, *, command: Sequence[str], labels: Mapping[str, str], subdomain: str
) -> dict[str, Any]:
    """Returns a template of pods with the image, volumes, secrets and resources of a pod.

    Args:
      pod: The one that is to be alike.
      command: What they run instead.
      labels: All their labels: by others, an orchestrator would take them for its own.
      subdomain: The headless service that names them.
    """
    container = find_container(pod)
    mounts = [each for each in container.get("volumeMounts") or () if _is_kept(each)]
    used = {each["name"] for each in (*mounts, *(container.get("volumeDevices") or ()))}
    own = pod["spec"]
    annotations = pod["metadata"].get("annotations") or {}
    return {
        "metadata": {
            # A sidecar of a mesh would not end, and would come between the workers.
            "labels": {**labels, "sidecar.istio.io/inject": "false"},
            "annotations": {
                **{k: v for k, v in annotations.items() if k.startswith(_KEPT_ANNOTATIONS)},
                "sidecar.istio.io/inject": "false",
            },
        },
        "spec": {
            **_pick(own, _OF_POD),
            "subdomain": subdomain,
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            # Nothing is lost by a kill, and Python as process 1 heeds no SIGTERM.
            "terminationGracePeriodSeconds": 1,
            "volumes": [each for each in own.get("volumes") or () if each["name"] in used],
            "containers": [
                {
                    **_pick(container, _OF_CONTAINER),
                    "command": list(command),
                    "env": [each for each in container.get("env") or () if _is_shared(each)],
                    "volumeMounts": mounts,
                    "ports": [{"name": "tensorflow", "containerPort": PORT}],
                    "terminationMessagePath": TERMINATION_LOG,
                    "terminationMessagePolicy": "FallbackToLogsOnError",
                }
            ],
        },
    }


def _pick(fields: _Json, names: Sequence[str]) -> dict[str, Any]:
    return {name: fields[name] for name in names if fields.get(name) is not None}


def _is_kept(mount: _Json) -> bool:
    path = mount["mountPath"].rstrip("/")
    return mount["name"] not in _DROPPED_VOLUMES and path not in _DROPPED_MOUNTS


def _is_shared(variable: _Json) -> bool:
    """Returns whether a variable is for a worker as well."""
    of_pod = "fieldRef" in (variable.get("valueFrom") or {})
    return not of_pod and not variable["name"].startswith(_DROPPED_VARIABLES)
