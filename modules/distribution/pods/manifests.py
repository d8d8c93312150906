"""What Kubernetes is asked to make for one try of a training (standard library only).

An indexed Job, and a headless Service that gives its pods names. Both are part of every cluster,
where a JobSet would be an extension; and its restarts would be a second opinion on ours. The Job
belongs to the Trainer's pod and the Service to the Job: what is deleted takes along what it owns.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from modules.distribution.cluster import make_clusters
from modules.distribution.pods.template import PORT, make_template

_Json = Mapping[str, Any]

# The network policy in deploy/kubernetes/training.yaml selects by it.
_OF_ALL = {"app.kubernetes.io/name": "tfx-training"}
_OF_TRY = "app.kubernetes.io/instance"
_OF_TRAINING = "tfx-mnist/training"
_INDEX = "batch.kubernetes.io/job-completion-index"
_SECONDS_OF_A_FINISHED_JOB = 24 * 60 * 60


def _make_name() -> str:
    # Short: a pod's is at most 63 characters with its index; a letter first, for the Service.
    return f"tfx-training-{secrets.token_hex(4)}"


@dataclass(frozen=True, kw_only=True)
class PodGroup:
    """The pods of one try of a training.

    Attributes:
      namespace: Where they are.
      tasks: How many there are of each kind of task, in the order of their completion index.
      checkpoint_dir: Of the training; all its tries have the same.
      name: Of Job and Service; another one for each try.
    """

    namespace: str
    tasks: Mapping[str, int]
    checkpoint_dir: str
    name: str = field(default_factory=_make_name)

    @property
    def members(self) -> list[str]:
        """What messages call the pods, by completion index: "worker 1"."""
        return [cluster.name for cluster in make_clusters(self.addresses)]

    @property
    def addresses(self) -> dict[str, list[str]]:
        """`host:port` of each pod, by its kind of task."""
        hosts = (
            f"{self.name}-{index}.{self.name}.{self.namespace}.svc:{PORT}"
            for index in range(sum(self.tasks.values()))
        )
        return {task: [next(hosts) for _ in range(count)] for task, count in self.tasks.items()}

    @property
    def selector(self) -> str:
        """Selects what belongs to this try."""
        return f"{_OF_TRY}={self.name}"

    @property
    def selector_of_training(self) -> str:
        """Selects what belongs to any try of the same training."""
        return f"{_OF_TRAINING}={self._training}"

    @property
    def labels(self) -> dict[str, str]:
        """Of all that is made."""
        return {**_OF_ALL, _OF_TRY: self.name, _OF_TRAINING: self._training}

    @property
    def _training(self) -> str:
        return hashlib.sha256(self.checkpoint_dir.encode()).hexdigest()[:16]


def render_job(
    group: PodGroup, own_pod: _Json, command: Sequence[str], *, lease_seconds: int
) -> dict[str, Any]:
    """Returns the Job.

    Args:
      group: Its pods.
      own_pod: The pod that they are made like, and end with.
      command: What each of them runs; the completion index is appended.
      lease_seconds: After so long it ends, unless that is put off.
    """
    count = len(group.members)
    # Kubernetes reads $(NAME) in a command, and $$ as $.
    words = [*(word.replace("$", "$$") for word in command), "$(JOB_COMPLETION_INDEX)"]
    template = make_template(own_pod, command=words, labels=group.labels, subdomain=group.name)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": group.name,
            "namespace": group.namespace,
            "labels": group.labels,
            "ownerReferences": [_refer("v1", "Pod", own_pod["metadata"])],
        },
        "spec": {
            "completionMode": "Indexed",
            "completions": count,
            "parallelism": count,
            # None is started again alone: the others have lost it.
            "backoffLimit": 0,
            "activeDeadlineSeconds": lease_seconds,
            "ttlSecondsAfterFinished": _SECONDS_OF_A_FINISHED_JOB,
            "template": template,
        },
    }


def render_service(group: PodGroup, job: _Json) -> dict[str, Any]:
    """Returns the Service, of the Job that the API has returned."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": group.name,
            "namespace": group.namespace,
            "labels": group.labels,
            "ownerReferences": [_refer("batch/v1", "Job", job["metadata"])],
        },
        "spec": {
            "clusterIP": "None",
            # They look for each other before any of them is ready.
            "publishNotReadyAddresses": True,
            "selector": {_OF_TRY: group.name},
            "ports": [{"name": "tensorflow", "port": PORT}],
        },
    }


def read_index(pod: _Json) -> int:
    """Returns the completion index of a pod."""
    return int(pod["metadata"]["annotations"][_INDEX])


def _refer(api_version: str, kind: str, metadata: _Json) -> dict[str, str]:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": metadata["name"],
        "uid": metadata["uid"],
    }
