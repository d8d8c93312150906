"""What a step's pod has in Kubernetes: volumes, secrets, machines to run on (no kfp needed).

The fields are those of KFP's kubernetes_executor_config.proto. A name is written twice, since KFP
2.x renamed the field that holds it and its backends read one or the other. Only backends since 2.5
know both: older ones refuse a field that they do not know.
"""

from typing import Any

from runners.kubeflow.settings import KubeflowSettings, StepSettings
from runners.metadata.url import PASSWORD_VARIABLE


def describe_pod(own: StepSettings, settings: KubeflowSettings) -> dict[str, Any]:
    """Returns the Kubernetes part of a step; empty if it has none.

    Args:
      own: The step's settings, with what it shares with the others.
      settings: Of all steps.
    """
    password = settings.mlmd_password
    parts: dict[str, Any] = {
        "pvcMount": [
            {
                "mountPath": volume.path,
                "constant": volume.claim,
                "pvcNameParameter": _constant(volume.claim),
            }
            for volume in settings.volumes
        ],
        "secretAsEnv": [
            {
                **_secret_name(password.secret),
                "keyToEnv": [{"secretKey": password.key, "envVar": PASSWORD_VARIABLE}],
                "optional": False,
            }
        ]
        if password
        else [],
        "imagePullSecret": [_secret_name(name) for name in settings.image_pull_secrets],
        "nodeSelector": {"labels": own.node_selector} if own.node_selector else {},
        "tolerations": list(own.tolerations or ()),
    }
    return {name: value for name, value in parts.items() if value}


def _secret_name(name: str) -> dict[str, Any]:
    return {"secretName": name, "secretNameParameter": _constant(name)}


def _constant(value: str) -> dict[str, Any]:
    return {"runtimeValue": {"constant": value}}
