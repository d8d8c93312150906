"""Watches the pods of a training until it is done, or one of them fails."""

import logging
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from modules.distribution.members.causes import ClusterFault, Rank
from modules.distribution.members.logs import folder_of_failed, log_name
from modules.distribution.pods.answers import OutageError
from modules.distribution.pods.epochs import NewEpochs
from modules.distribution.pods.kubernetes_api import KubernetesApi
from modules.distribution.pods.manifests import PodGroup, read_index
from modules.distribution.pods.states import explain_failure, explain_waiting
from modules.training.job import TrainingJob
from modules.training.whole_file import write_whole

logger = logging.getLogger(__name__)

_Json = Mapping[str, Any]

# Pods do not see when the Trainer's is killed, and Kubernetes keeps a pod that has ended, and with
# it what it owns. So their Job ends by itself unless that is put off again and again.
LEASE_SECONDS = 900
_SECONDS_BETWEEN_RENEWALS = 60
_POLL_SECONDS = 2
_LINES_OF_LOG = 20
_SECONDS_FOR_LOGS = 60
_CHIEF = 0


class _Log(NamedTuple):
    """The last lines of a pod's log, and where all of it is."""

    lines: list[str]
    place: str


_NO_LOG = _Log([], "none")


class PodWatch:
    """Looks at the pods of one try, now and then."""

    def __init__(self, api: KubernetesApi, group: PodGroup, job: TrainingJob) -> None:
        """Begins to count the time; the pods have just been asked for."""
        self._api = api
        self._group = group
        self._job = job
        self._epochs = NewEpochs(job)
        self._began = time.monotonic()
        self._renewed = self._began
        self._waiting: dict[str, str] = {}
        self._all_started = False

    def wait(self) -> None:
        """Returns when the chief has done its work, whatever the others do then.

        Raises:
          ClusterFault: A pod failed or did not start, the Job was ended by somebody else, or
            Kubernetes has not answered for so long that the Job has ended.
        """
        while not self._look_if_possible():
            time.sleep(_POLL_SECONDS)

    def _look_if_possible(self) -> bool:
        """Bears it that Kubernetes does not answer, as long as the pods train on without it."""
        try:
            return self._look()
        except OutageError as fault:
            if time.monotonic() - self._renewed > LEASE_SECONDS:
                raise
            logger.warning("%s. Job %s is left to train on.", fault, self._group.name)
            return False

    def _look(self) -> bool:
        """Returns whether the training is done."""
        # First, as Kubernetes may take long for every answer.
        self._renew()
        # In this order: of a Job that has failed, the pods say why.
        state = self._api.read_job(self._group.name)
        pods = {read_index(pod): pod for pod in self._api.list_pods(self._group.selector)}
        self._epochs.report()
        chief = pods.get(_CHIEF)
        if chief and _phase(chief) == "Succeeded":
            self._keep_logs(pods, self._job.model_run_dir)
            return True
        self._refuse_failures(pods)
        self._refuse_end(state)
        self._refuse_delay(pods)
        return False

    def _refuse_failures(self, pods: Mapping[int, _Json]) -> None:
        failed = {index: pod for index, pod in pods.items() if _phase(pod) == "Failed"}
        if not failed:
            return
        causes = {index: explain_failure(pod) for index, pod in failed.items()}
        index = min(causes, key=lambda each: causes[each].rank)
        cause, member = causes[index], self._group.members[index]
        if cause.rank == Rank.DELETED:  # whose end none explains: what its Job says is more
            return
        first = {index: failed[index], **pods}  # should there be no time for all logs
        log = self._keep_logs(first, folder_of_failed(self._job)).get(index, _NO_LOG)
        for line in log.lines:
            logger.error("%s: %s", member, line)
        pod = f"pod {failed[index]['metadata']['name']}"
        raise ClusterFault(
            f"{member} ({pod}) {cause.what}. Log: {log.place}", may_pass=cause.may_pass
        )

    def _refuse_end(self, state: _Json | None) -> None:
        """Refuses a Job that has ended though no pod is known to have failed by itself."""
        if state is None:
            raise ClusterFault(
                f"Job {self._group.name} was deleted by somebody else", may_pass=False
            )
        for condition in (state.get("status") or {}).get("conditions") or ():
            if condition["type"] in {"Failed", "FailureTarget"} and condition["status"] == "True":
                raise ClusterFault(
                    f"Job {self._group.name} failed, {condition.get('reason')}: "
                    f"{condition.get('message')}. No pod is left to tell why: one was deleted, or "
                    "its machine was lost.",
                    may_pass=True,
                )

    def _refuse_delay(self, pods: Mapping[int, _Json]) -> None:
        if self._all_started:  # one that is missing now was lost, as its Job will soon say
            return
        waiting = {
            member: reason
            for index, member in enumerate(self._group.members)
            if (reason := explain_waiting(pods.get(index, {})))
        }
        for member, reason in waiting.items() - self._waiting.items():
            logger.info("%s has not started: %s", member, reason)
        self._waiting = waiting
        self._all_started = not waiting
        limit = self._job.hyperparameters.start_timeout_seconds
        if waiting and time.monotonic() - self._began > limit:
            reasons = "; ".join(f"{member}: {reason}" for member, reason in waiting.items())
            raise ClusterFault(
                f"{len(waiting)} of {len(self._group.members)} pods of job {self._group.name} have "
                f"not started within {limit:g} s (training.start_timeout_seconds). {reasons}",
                may_pass=True,
            )

    def _renew(self) -> None:
        now = time.monotonic()
        if now - self._renewed > _SECONDS_BETWEEN_RENEWALS:
            self._api.end_job_after(self._group.name, int(now - self._began) + LEASE_SECONDS)
            self._renewed = now

    def _keep_logs(self, pods: Mapping[int, _Json], folder: str) -> dict[int, _Log]:
        """Writes the logs into a folder, for they go with the pods; returns them by index.

        One that cannot be read or written is left out: neither a training that is done nor a
        restart shall wait for it.
        """
        logs: dict[int, _Log] = {}
        deadline = time.monotonic() + _SECONDS_FOR_LOGS
        for index, pod in pods.items():
            member = self._group.members[index]
            try:
                if time.monotonic() >= deadline:
                    raise TimeoutError(f"no time was left of {_SECONDS_FOR_LOGS} s for all logs")
                if content := self._api.read_log(pod["metadata"]["name"]):
                    lines = content.decode(errors="replace").splitlines()[-_LINES_OF_LOG:]
                    logs[index] = _Log(lines, "none")
                    tf.io.gfile.makedirs(folder)
                    path = f"{folder}/{log_name(member)}"
                    write_whole(path, content)
                    logs[index] = _Log(lines, path)
            except (ClusterFault, OSError, tf.errors.OpError) as error:
                logger.warning("The log of %s is lost: %s", member, error)
        return logs


def _phase(pod: _Json) -> str:
    return str((pod.get("status") or {}).get("phase"))
