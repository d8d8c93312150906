"""Trains in pods of their own: makes them, removes them, and clears away what others left."""

import json
import logging
import sys
import time
from collections.abc import Mapping
from typing import Any

from modules.distribution.members.causes import ClusterFault
from modules.distribution.pods import member
from modules.distribution.pods.kubernetes_api import KubernetesApi
from modules.distribution.pods.manifests import PodGroup, render_job, render_service
from modules.distribution.pods.template import TERMINATION_LOG
from modules.distribution.pods.watch import LEASE_SECONDS, PodWatch
from modules.training.interrupts import interrupts_put_off
from modules.training.job import TrainingJob

logger = logging.getLogger(__name__)

_OVER = {"Succeeded", "Failed"}
_POLL_SECONDS = 1
# Their kill takes a second. A machine that is lost keeps its pods for long, and they can do nothing
# without the others.
_SECONDS_TO_GO = 60


def train_in_pods(job: TrainingJob, job_path: str, train: str, tasks: Mapping[str, int]) -> None:
    """Trains once in pods that are made for it; none is left, unless this process is killed.

    In that case they end within LEASE_SECONDS.

    Args:
      job: What to train.
      job_path: Where the pods find it.
      train: `module:function`, called with the job and a Distribution.
      tasks: How many processes there are of each kind of task; the first one writes.

    Raises:
      ClusterFault: A pod failed or was lost, or Kubernetes refused or did not answer.
      ValueError: This process does not run in a pod that others can be made like.
    """
    with KubernetesApi() as api:
        own_pod = api.read_own_pod()
        group = PodGroup(namespace=api.namespace, tasks=tasks, checkpoint_dir=job.checkpoint_dir)
        _clear_away(api, group, own_pod["metadata"]["uid"])
        command = _make_command(job, job_path, train, group)
        manifest = render_job(group, own_pod, command, lease_seconds=LEASE_SECONDS)
        try:
            made = api.create_job(manifest)
            api.create_service(render_service(group, made))
            logger.info(
                "Training in %d pods of job %s, namespace %s",
                len(group.members),
                group.name,
                group.namespace,
            )
            PodWatch(api, group, job).wait()
        finally:
            with interrupts_put_off():
                _remove(api, group.name)


def _make_command(job: TrainingJob, job_path: str, train: str, group: PodGroup) -> list[str]:
    """Returns what a pod runs; its index is appended."""
    seconds = job.hyperparameters.seconds_to_meet
    addresses = json.dumps(group.addresses)
    arguments = [job_path, train, addresses, str(seconds), TERMINATION_LOG]
    return [sys.executable, "-m", member.__name__, *arguments]


def _clear_away(api: KubernetesApi, group: PodGroup, own_uid: str) -> None:
    """Removes what an earlier try of the training left, so that two never write its state."""
    for job in api.list_jobs(group.selector_of_training):
        name = job["metadata"]["name"]
        owner = _find_running_owner(api, job)
        if owner is not None and owner["metadata"]["uid"] != own_uid:
            raise ClusterFault(
                f"Pod {owner['metadata']['name']} trains the very same, in job {name}; two would "
                "share its checkpoints. Wait for its end, or delete the pod.",
                may_pass=False,
            )
        logger.warning("Removing job %s, which an earlier try of this training left", name)
        api.delete_job(name)
    deadline = time.monotonic() + _SECONDS_TO_GO
    while left := api.list_pods(group.selector_of_training):
        if time.monotonic() > deadline:
            names = ", ".join(pod["metadata"]["name"] for pod in left)
            logger.warning("Still there after %d s, left alone: %s", _SECONDS_TO_GO, names)
            return
        time.sleep(_POLL_SECONDS)


def _find_running_owner(api: KubernetesApi, job: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns the pod that made a Job, None if it has come to its end."""
    for reference in job["metadata"].get("ownerReferences") or ():
        pod = api.read_pod(reference["name"])
        if (
            pod is not None
            and pod["metadata"]["uid"] == reference["uid"]
            and not pod["metadata"].get("deletionTimestamp")
            and pod["status"].get("phase") not in _OVER
        ):
            return pod
    return None


def _remove(api: KubernetesApi, name: str) -> None:
    try:
        api.delete_job(name, hurries=True)
    except ClusterFault as fault:  # what brought us here says more
        logger.warning(
            "Job %s could not be removed, and ends by itself within %d s: %s",
            name,
            LEASE_SECONDS,
            fault,
        )
