"""A server that answers as Kubernetes' API does, with a cluster of processes behind it."""

import contextlib
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from support.json_server import JsonRequest, serve_json
from support.kubernetes.controllers import Cluster
from support.kubernetes.schemas import find_faults
from support.project import PROJECT
from support.tls.certificates import write_certificate

_Json = dict[str, Any]

NAMESPACE = "tfx"
_TOKEN = "token-of-the-test"  # noqa: S105 - nothing secret
_PATH = re.compile(
    rf"/(?:api/v1|apis/batch/v1)/namespaces/{NAMESPACE}/(\w+)(?:/([\w.-]+))?(?:/(log))?"
)
_VERBS = {"POST": "create", "PATCH": "patch", "DELETE": "delete", "GET": "get"}


def read_rights() -> set[tuple[str, str]]:
    """Returns verbs and resources of the Role that the project gives the Trainer's pod."""
    path = PROJECT / "deploy" / "kubernetes" / "training.yaml"
    [role] = [each for each in yaml.safe_load_all(path.read_text()) if each["kind"] == "Role"]
    return {
        (verb, resource)
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@dataclass
class KubernetesStandIn:
    """The API of one namespace.

    Attributes:
      cluster: What there is.
      own_pods: Pods that the cluster does not run, by name: that of the test itself.
      account: Folder that every pod has for its ServiceAccount.
      host: Where the API is.
      port: The same.
      requests: Verb and resource of each request.
      rights: Verbs and resources that the test's pod has a right to.
      troubles: What the next answers are instead: a status, or how the connection breaks.
      on_request: Called with verb and resource once it has been done, before it is answered.
    """

    cluster: Cluster
    own_pods: dict[str, _Json]
    account: Path
    host: str = ""
    port: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    rights: set[tuple[str, str]] = field(default_factory=read_rights)
    troubles: list[int | ConnectionError] = field(default_factory=list)
    on_request: Callable[[str, str], None] = lambda *_: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: JsonRequest) -> tuple[int, Any]:
        """Returns the status and the body of the answer to a request."""
        found = _PATH.fullmatch(request.path)
        assert found, request
        resource, name, part = found.groups()
        verb = "list" if request.method == "GET" and not name else _VERBS[request.method]
        resource = f"{resource}/{part}" if part else resource
        with self._lock:
            answer = self._answer(request, verb, resource, name)
        self.on_request(verb, resource)
        return answer

    def _answer(self, request: JsonRequest, verb: str, resource: str, name: str) -> tuple[int, Any]:
        if request.token is None or request.token.split() != ["bearer", _TOKEN]:
            return _refuse(401, "Unauthorized")
        self.requests.append((verb, resource))
        if self.troubles:
            trouble = self.troubles.pop(0)
            if isinstance(trouble, ConnectionError):
                raise trouble
            return _refuse(trouble, "in trouble")
        if (verb, resource) not in self.rights:
            account = f"system:serviceaccount:{NAMESPACE}:pipeline-runner"
            what = f'User "{account}" cannot {verb} resource "{resource}"'
            return _refuse(403, f"{resource} is forbidden: {what}")
        self.cluster.control()
        do = getattr(self, f"_{verb}_{resource.replace('/', '_')}")
        try:
            return do(request, name)
        except KeyError:
            return _refuse(404, f'{resource} "{name}" not found')

    def _create_jobs(self, request: JsonRequest, _: str) -> tuple[int, Any]:
        return self._create(request, self.cluster.jobs, self.cluster.add_job)

    def _create_services(self, request: JsonRequest, _: str) -> tuple[int, Any]:
        return self._create(request, self.cluster.services, self.cluster.add_service)

    def _create(
        self,
        request: JsonRequest,
        present: dict[str, _Json],
        add: Callable[[_Json], _Json],
    ) -> tuple[int, Any]:
        if faults := find_faults(request.body):
            return _refuse(422, "; ".join(faults))
        if request.body["metadata"]["name"] in present:
            return _refuse(409, "AlreadyExists")
        return 201, add(request.body)

    def _get_jobs(self, _: JsonRequest, name: str) -> tuple[int, Any]:
        return 200, self.cluster.jobs[name]

    def _list_jobs(self, request: JsonRequest, _: str) -> tuple[int, Any]:
        return 200, {"items": _select(self.cluster.jobs.values(), request)}

    def _patch_jobs(self, request: JsonRequest, name: str) -> tuple[int, Any]:
        self.cluster.jobs[name]["spec"].update(request.body["spec"])
        return 200, self.cluster.jobs[name]

    def _delete_jobs(self, request: JsonRequest, name: str) -> tuple[int, Any]:
        # Without it Kubernetes would leave the pods of a Job alone, by an old default.
        assert request.query["propagationPolicy"] == ["Background"]
        self.cluster.delete_job(name)
        return 200, {"status": "Success"}

    def _get_pods(self, _: JsonRequest, name: str) -> tuple[int, Any]:
        if name in self.own_pods:
            return 200, self.own_pods[name]
        return 200, self.cluster.pods[name].read()

    def _list_pods(self, request: JsonRequest, _: str) -> tuple[int, Any]:
        pods = [*self.own_pods.values(), *(pod.read() for pod in self.cluster.pods.values())]
        return 200, {"items": _select(pods, request)}

    def _get_pods_log(self, _: JsonRequest, name: str) -> tuple[int, Any]:
        container = self.cluster.pods[name].container
        return (200, container.log) if container else _refuse(400, "waiting to start")


def _select(objects: Any, request: JsonRequest) -> list[_Json]:
    """Returns those that the selectors of a request match."""
    [[name, value]] = [
        selector.split("=") for selectors in request.query.values() for selector in selectors
    ]
    if name == "status.podIP":
        return [each for each in objects if each["status"].get("podIP") == value]
    return [each for each in objects if each["metadata"].get("labels", {}).get(name) == value]


def _refuse(status: int, message: str) -> tuple[int, _Json]:
    return status, {"kind": "Status", "status": "Failure", "code": status, "message": message}


@contextlib.contextmanager
def serve_kubernetes(folder: Path, own_pod: _Json, cluster: Cluster) -> Iterator[KubernetesStandIn]:
    """Serves a cluster in which the test is a pod; leaves no process."""
    account = folder / "serviceaccount"
    account.mkdir(parents=True)
    certificate = write_certificate(folder, "127.0.0.1")
    (account / "token").write_text(_TOKEN)
    (account / "ca.crt").write_bytes(certificate.read_bytes())
    (account / "namespace").write_text(NAMESPACE)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    own_pods = {own_pod["metadata"]["name"]: own_pod}
    stand_in = KubernetesStandIn(cluster, own_pods, account)
    try:
        with serve_json(stand_in.answer, tls) as url:
            address = urlsplit(url)
            stand_in.host, stand_in.port = str(address.hostname), str(address.port)
            yield stand_in
    finally:
        cluster.close()
