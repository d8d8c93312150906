"""Kubernetes' API, as far as a training needs it; its rights: deploy/kubernetes/training.yaml."""

import json
import socket
from collections.abc import Callable, Collection, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from kubernetes import client
from kubernetes.config import ConfigException, incluster_config

from modules.distribution.members.causes import ClusterFault
from modules.distribution.pods.answers import ask, connect

_Json = dict[str, Any]

# For what an interrupt waits for, and for what a training waits for that is done.
_SECONDS_FOR_REMOVAL = 30
_SECONDS_FOR_LOG = 10
_MAX_LINES_OF_LOG = 50_000


class KubernetesApi:
    """The API as the pod may use it that this process runs in.

    All methods raise OutageError where Kubernetes does not answer in time, though it was asked
    again and again, and ClusterFault where it refuses.

    Attributes:
      namespace: Of the pod, and of all that is made.
    """

    def __init__(self) -> None:
        """Finds the API by what every pod is given.

        Raises:
          ValueError: This is no pod.
        """
        try:
            connection = connect()
            # Beside the token, whose place Kubernetes' client knows.
            namespace = Path(incluster_config.SERVICE_TOKEN_FILENAME).with_name("namespace")
            self.namespace = namespace.read_text(encoding="utf-8").strip()
        except (ConfigException, OSError) as error:
            raise ValueError(
                "training.run_workers_in=pods: expected to run in a pod of Kubernetes that has the "
                f"token of a ServiceAccount, but {error} On one machine, set "
                "training.run_workers_in=processes."
            ) from error
        self._connection = connection
        self._pods = client.CoreV1Api(connection)
        self._jobs = client.BatchV1Api(connection)

    def __enter__(self) -> Self:
        """Does nothing: it connects when it is asked."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the connections."""
        self._connection.rest_client.pool_manager.clear()
        self._connection.close()

    def read_own_pod(self) -> _Json:
        """Returns the pod that this process runs in."""
        hostname = socket.gethostname()
        pod = self.read_pod(hostname) or self._find_by_address(hostname)
        if pod is None:
            raise ClusterFault(
                f"Expected to run in a pod of namespace {self.namespace} that has the name or the "
                f"address of its host, {hostname}, but there is none.",
                may_pass=False,
            )
        return pod

    def _find_by_address(self, hostname: str) -> _Json | None:
        """Returns the one pod that has this host's address: of a long name, a host's is a part."""
        try:
            addresses = {entry[4][0] for entry in socket.getaddrinfo(hostname, None)}
        except OSError:
            return None
        for address in sorted(map(str, addresses)):
            pods = self._list(
                self._pods.list_namespaced_pod, field_selector=f"status.podIP={address}"
            )
            running = [pod for pod in pods if pod["status"].get("phase") == "Running"]
            if len(running) == 1:
                return running[0]
        return None

    def read_pod(self, name: str) -> _Json | None:
        """Returns a pod, None if there is none of the name."""
        return self._read(self._pods.read_namespaced_pod, name)

    def list_pods(self, selector: str) -> list[_Json]:
        """Returns the pods whose labels are selected."""
        return self._list(self._pods.list_namespaced_pod, label_selector=selector)

    def read_log(self, pod: str) -> bytes:
        """Returns the end of what a pod wrote, nothing if there is nothing to be had.

        Asks once and not for long: no log is worth that a training waits for it.
        """
        absent = {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}  # the latter before it starts
        answer = self._ask(
            self._pods.read_namespaced_pod_log,
            pod,
            absent=absent,
            options={"tail_lines": _MAX_LINES_OF_LOG},
            seconds=_SECONDS_FOR_LOG,
            asks_again=False,
        )
        return answer or b""

    def create_service(self, service: Mapping[str, Any]) -> None:
        """Makes a Service."""
        self._ask(
            self._pods.create_namespaced_service,
            options={"body": service},
            absent={HTTPStatus.CONFLICT},
        )

    def create_job(self, job: Mapping[str, Any]) -> _Json:
        """Makes a Job, and returns it as it is then."""
        # One of this random name is ours: the answer was lost on its way, and we asked again.
        self._ask(
            self._jobs.create_namespaced_job, options={"body": job}, absent={HTTPStatus.CONFLICT}
        )
        created = self.read_job(job["metadata"]["name"])
        if created is None:
            raise ClusterFault(f"Job {job['metadata']['name']} was removed at once", may_pass=False)
        return created

    def read_job(self, name: str) -> _Json | None:
        """Returns a Job, None if there is none of the name."""
        return self._read(self._jobs.read_namespaced_job, name)

    def list_jobs(self, selector: str) -> list[_Json]:
        """Returns the Jobs whose labels are selected."""
        return self._list(self._jobs.list_namespaced_job, label_selector=selector)

    def end_job_after(self, name: str, seconds: int) -> None:
        """Has a Job end so long after its start."""
        self._ask(
            self._jobs.patch_namespaced_job,
            name,
            options={"body": {"spec": {"activeDeadlineSeconds": seconds}}},
            absent={HTTPStatus.NOT_FOUND},
        )

    def delete_job(self, name: str, *, hurries: bool = False) -> None:
        """Removes a Job and all that belongs to it, if it is there."""
        self._ask(
            self._jobs.delete_namespaced_job,
            name,
            options={"propagation_policy": "Background"},
            absent={HTTPStatus.NOT_FOUND},
            seconds=_SECONDS_FOR_REMOVAL if hurries else None,
        )

    def _read(self, call: Callable[..., Any], name: str) -> _Json | None:
        answer = self._ask(call, name, absent={HTTPStatus.NOT_FOUND})
        return None if answer is None else json.loads(answer)

    def _list(self, call: Callable[..., Any], **options: str) -> list[_Json]:
        answer = self._ask(call, options=options)
        return json.loads(answer or b"{}")["items"]

    def _ask(
        self,
        call: Callable[..., Any],
        *names: str,
        absent: Collection[int] = (),
        options: Mapping[str, Any] = MappingProxyType({}),
        seconds: float | None = None,
        asks_again: bool = True,
    ) -> bytes | None:
        """Returns what `answers.ask` does, of what there is in the namespace."""
        # As JSON: the client's models know no newer fields.
        request = partial(call, *names, namespace=self.namespace, _preload_content=False, **options)
        return ask(request, absent=absent, seconds=seconds, asks_again=asks_again)
