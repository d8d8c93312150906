"""Pods in which an orchestrator runs the Trainer: what of them workers must have, and must not."""

import socket
from typing import Any

# What Argo and Kubeflow put beside a step, as far as a worker could inherit it.
_ARGO = {"name": "var-run-argo", "mountPath": "/var/run/argo"}
_TMP_OF_ARGO = {"name": "tmp-dir-argo", "mountPath": "/tmp", "subPath": "0"}  # noqa: S108 - Argo's
_LAUNCHER = {"name": "kfp-launcher", "mountPath": "/kfp-launcher"}
_TOKEN = {
    "name": "kube-api-access-x7k2p",
    "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    "readOnly": True,
}
_SHARED = {"name": "tfx-shared", "mountPath": "/tfx"}
_VOLUMES = [
    {"name": "tfx-shared", "persistentVolumeClaim": {"claimName": "tfx-shared"}},
    {"name": "kube-api-access-x7k2p", "projected": {"sources": []}},
]
_GPU = {"requests": {"cpu": "4"}, "limits": {"memory": "16Gi", "nvidia.com/gpu": "1"}}


def of_kubeflow(**container: Any) -> dict[str, Any]:
    """Returns a pod of a Kubeflow step, with other fields of its main container."""
    main = {
        "name": "main",
        "image": "registry.example.com/tfx-mnist:0.1.0-cuda",
        "imagePullPolicy": "IfNotPresent",
        "command": ["/var/run/argo/argoexec", "emissary", "--", "/kfp-launcher/launch"],
        "args": ["--", "timeout", "python", "-m", "runners.node"],
        "env": [
            {"name": "KFP_POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "TF_FORCE_GPU_ALLOW_GROWTH", "value": "true"},
            {"name": "ARGO_TEMPLATE", "value": "{}"},
        ],
        "envFrom": [{"configMapRef": {"name": "metadata-grpc-configmap", "optional": True}}],
        "resources": _GPU,
        "volumeMounts": [_LAUNCHER, _SHARED, _ARGO, _TMP_OF_ARGO, _TOKEN],
        "terminationMessagePath": "/dev/termination-log",
        **container,
    }
    return {
        "metadata": {
            "name": socket.gethostname(),
            "uid": "0f8e3c52-of-the-own-pod",
            "labels": {"workflows.argoproj.io/workflow": "tfx-mnist-x7k2p"},
            "annotations": {
                "workflows.argoproj.io/node-name": "tfx-mnist-x7k2p.root.trainer",
                "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
            },
        },
        "spec": {
            "serviceAccountName": "pipeline-runner",
            "nodeName": "gpu-node-1",
            "nodeSelector": {"accelerator": "nvidia"},
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
            "imagePullSecrets": [{"name": "registry"}],
            "securityContext": {"fsGroup": 1000},
            "restartPolicy": "Never",
            "initContainers": [{"name": "kfp-launcher"}, {"name": "init"}],
            "containers": [{"name": "wait", "image": "argoexec"}, main],
            "volumes": [
                {"name": "kfp-launcher", "emptyDir": {}},
                {"name": "var-run-argo", "emptyDir": {}},
                {"name": "tmp-dir-argo", "emptyDir": {}},
                *_VOLUMES,
            ],
        },
        "status": {"phase": "Running", "podIP": "127.0.0.1"},
    }


def of_airflow() -> dict[str, Any]:
    """Returns a pod of Airflow's KubernetesPodOperator, with its sidecar."""
    xcom = {"name": "xcom", "mountPath": "/airflow/xcom"}
    return {
        "metadata": {
            "name": socket.gethostname(),
            "uid": "5d1f-of-the-own-pod",
            "labels": {"dag_id": "tfx-mnist", "task_id": "Trainer"},
        },
        "spec": {
            "serviceAccountName": "tfx-training",
            "containers": [
                {
                    "name": "base",
                    "image": "registry.example.com/tfx-mnist:0.1.0",
                    "command": ["timeout"],
                    "env": [
                        {"name": "AIRFLOW_RETRY_NUMBER", "value": "0"},
                        {"name": "GOOGLE_APPLICATION_CREDENTIALS", "value": "/gcp/key"},
                        {
                            "name": "MLMD_PASSWORD",
                            "valueFrom": {"secretKeyRef": {"name": "tfx-mlmd", "key": "password"}},
                        },
                    ],
                    "resources": {"requests": {"cpu": "4"}},
                    "volumeMounts": [_SHARED, xcom, _TOKEN],
                },
                {"name": "airflow-xcom-sidecar", "image": "alpine"},
            ],
            "volumes": [{"name": "xcom", "emptyDir": {}}, *_VOLUMES],
        },
        "status": {"phase": "Running", "podIP": "127.0.0.1"},
    }
