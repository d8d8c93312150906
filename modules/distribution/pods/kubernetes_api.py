"""Kubernetes' API, as far as a training needs it; its rights: deploy/kubernetes/training.yaml."""

import json
import socket
from collections.abc import Callable, Collection, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import urllib3
from kubernetes import client
from kubernetes.config import ConfigException, incluster_config

from modules.distribution.members.causes import ClusterFault

_Json = dict[str, Any]

_TIMEOUT_SECONDS = 30
# Where connections break, or an answer asks for patience: after pauses of 0, 1, 2, 4 ... 64, 120 s,
# four minutes in all, which is less than any lease.
_TRIES = urllib3.Retry(
    total=9, backoff_factor=0.5, status_forcelist=[429, 500, 502, 503, 504], allowed_methods=None
)
# For what nobody should wait for.
_SHORT_TIMEOUT_SECONDS = 10
_ONE_TRY = urllib3.Retry(total=0)
_MAX_LINES_OF_LOG = 50_000


class KubernetesApi:
    """The API as the pod may use it that this process runs in.

    All methods raise ClusterFault where Kubernetes does not answer, or refuses.

    Attributes:
      namespace: Of the pod, and of all that is made.
    """

    def __init__(self) -> None:
        """Finds the API by what every pod is given.

        Raises:
          ValueError: This is no pod.
        """
        try:
            patient, hurried = _connect(_TRIES), _connect(_ONE_TRY)
            # Beside the token, whose place Kubernetes' client knows.
            namespace = Path(incluster_config.SERVICE_TOKEN_FILENAME).with_name("namespace")
            self.namespace = namespace.read_text(encoding="utf-8").strip()
        except (ConfigException, OSError) as error:
            raise ValueError(
                "training.run_workers_in=pods: expected to run in a pod of Kubernetes that has the "
                f"token of a ServiceAccount, but {error} On one machine, set "
                "training.run_workers_in=processes."
            ) from error
        self._connections = (patient, hurried)
        self._pods = client.CoreV1Api(patient)
        self._jobs = client.BatchV1Api(patient)
        self._logs = client.CoreV1Api(hurried)

    def __enter__(self) -> Self:
        """Does nothing: it connects when it is asked."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the connections."""
        for connection in self._connections:
            connection.rest_client.pool_manager.clear()
            connection.close()

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
            self._logs.read_namespaced_pod_log,
            pod,
            absent=absent,
            options={"tail_lines": _MAX_LINES_OF_LOG},
            hurries=True,
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

    def delete_job(self, name: str) -> None:
        """Removes a Job and all that belongs to it, if it is there."""
        self._ask(
            self._jobs.delete_namespaced_job,
            name,
            options={"propagation_policy": "Background"},
            absent={HTTPStatus.NOT_FOUND},
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
        hurries: bool = False,
    ) -> bytes | None:
        """Returns the answer to one request, None if its status is in `absent`."""
        request = partial(
            call,
            *names,
            namespace=self.namespace,
            _preload_content=False,  # as JSON: the client's models know no newer fields
            _request_timeout=_SHORT_TIMEOUT_SECONDS if hurries else _TIMEOUT_SECONDS,
            **options,
        )
        try:
            return _read_whole(request, _ONE_TRY if hurries else _TRIES)
        except client.ApiException as error:
            if error.status in absent:
                return None
            raise ClusterFault(_tell_refusal(error), may_pass=False) from error
        except urllib3.exceptions.HTTPError as error:
            raise ClusterFault(
                f"Kubernetes' API does not answer: {error}", may_pass=False
            ) from error


def _connect(tries: urllib3.Retry) -> client.ApiClient:
    configuration = client.Configuration()
    incluster_config.load_incluster_config(configuration)
    configuration.retries = tries
    return client.ApiClient(configuration)


def _read_whole(request: Callable[[], Any], tries: urllib3.Retry) -> bytes:
    """Returns what a request is answered, and asks again when the answer breaks off.

    Until an answer begins urllib3 itself asks again, but it hands it over before it has read it.
    """
    while True:
        try:
            body: bytes = request().data
        except urllib3.exceptions.MaxRetryError:  # by urllib3, which has asked often enough
            raise
        except urllib3.exceptions.HTTPError as error:
            if not tries.total:
                raise
            tries = tries.increment(method="any", error=error)
            tries.sleep()
        else:
            return body


def _tell_refusal(error: client.ApiException) -> str:
    """Returns what Kubernetes says, which is who may not do what, and what helps."""
    try:
        said = json.loads(error.body)["message"]
    except (ValueError, TypeError, KeyError):
        said = error.body or error.reason
    message = f"Kubernetes refused: {error.status} {said}."
    if error.status == HTTPStatus.FORBIDDEN:
        message += (
            " Expected the rights of the Role in deploy/kubernetes/training.yaml, on jobs, "
            "services, pods and their logs: bind it to the ServiceAccount of the Trainer's pod."
        )
    return message
