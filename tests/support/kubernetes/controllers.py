"""What a cluster makes of Jobs and Services: pods, names, ends."""

import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.free_ports import find_free_ports
from support.kubernetes.containers import Container

_Json = dict[str, Any]

_INDEX = "batch.kubernetes.io/job-completion-index"


@dataclass
class Pod:
    """A pod of a Job.

    Attributes:
      manifest: All but its status.
      status: What it waits for, or why its machine ended it; None to run.
      container: Its only one, once it runs.
    """

    manifest: _Json
    status: _Json | None = None
    container: Container | None = None
    reason: str | None = None

    @property
    def name(self) -> str:
        return self.manifest["metadata"]["name"]

    @property
    def phase(self) -> str:
        return self.read()["status"]["phase"]

    def read(self) -> _Json:
        """Returns it as the API does."""
        if self.status is not None:
            return {**self.manifest, "status": self.status}
        if self.container is None:
            return {**self.manifest, "status": {"phase": "Pending"}}
        state = self.container.state
        end = state.get("terminated")
        phase = "Running"
        if end:
            phase = "Failed" if end["exitCode"] else "Succeeded"
            if self.reason and end["exitCode"]:
                end["reason"] = self.reason
        statuses = [{"name": "main", "state": state}]
        return {**self.manifest, "status": {"phase": phase, "containerStatuses": statuses}}


@dataclass(kw_only=True)
class Cluster:
    """What there is, and how it comes to its end.

    Attributes:
      folder: For logs.
      programs: What images have under any first word of a command.
      waiting: Status of a pod that never runs, by completion index.
      reasons: What Kubernetes calls the failure of a container, by completion index.
    """

    folder: Path
    programs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    waiting: dict[int, _Json] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    jobs: dict[str, _Json] = field(default_factory=dict)
    services: dict[str, _Json] = field(default_factory=dict)
    pods: dict[str, Pod] = field(default_factory=dict)

    def add_job(self, job: _Json) -> _Json:
        """Makes the pods of a Job."""
        job = _with_identity(job)
        name, spec = job["metadata"]["name"], job["spec"]
        self.jobs[name] = {**job, "status": {"startTime": "2026-11-25T10:00:00Z"}}
        for index in range(spec["completions"]):
            template = spec["template"]
            manifest = {
                "metadata": {
                    "name": f"{name}-{index}-{uuid.uuid4().hex[:5]}",
                    "labels": template["metadata"]["labels"],
                    "annotations": {**template["metadata"]["annotations"], _INDEX: str(index)},
                    "ownerReferences": [{"uid": job["metadata"]["uid"]}],
                },
                "spec": {**template["spec"], "hostname": f"{name}-{index}"},
            }
            pod = Pod(_with_identity(manifest), self.waiting.get(index))
            pod.reason = self.reasons.get(index)
            self.pods[pod.name] = pod
        return self.jobs[name]

    def add_service(self, service: _Json) -> _Json:
        """Gives pods names, on which those that can start wait here."""
        self.services[service["metadata"]["name"]] = _with_identity(service)
        selector = service["spec"]["selector"].items()
        pods = [
            pod
            for pod in self.pods.values()
            if selector <= pod.manifest["metadata"]["labels"].items()
        ]
        hosts = _resolve(pods, service)
        for pod in pods:
            if pod.status is None:
                self._start(pod, hosts)
        return service

    def delete_job(self, name: str) -> None:
        """Removes a Job and all that it owns."""
        uid = self.jobs.pop(name)["metadata"]["uid"]
        for kind in (self.services, self.pods):
            for key, each in list(kind.items()):
                manifest = each.manifest if isinstance(each, Pod) else each
                owners = manifest["metadata"].get("ownerReferences", ())
                if uid in [owner["uid"] for owner in owners]:
                    self._end(kind.pop(key))

    def control(self) -> None:
        """Ends a Job of which a pod has failed, and its other pods, as the Job controller does."""
        for job in self.jobs.values():
            uid = job["metadata"]["uid"]
            own = [p for p in self.pods.values() if _owner(p) == uid]
            is_whole = len(own) == job["spec"]["completions"]
            if "conditions" in job["status"] or (
                is_whole and all(pod.phase != "Failed" for pod in own)
            ):
                continue
            assert job["spec"]["backoffLimit"] == 0
            job["status"]["conditions"] = [
                {
                    "type": "Failed",
                    "status": "True",
                    "reason": "BackoffLimitExceeded",
                    "message": "Job has reached the specified backoff limit",
                }
            ]
            for pod in own:
                if pod.phase not in {"Failed", "Succeeded"}:
                    self._delete(pod)

    def lose(self, pod: Pod) -> None:
        """Removes a pod of which nothing is heard any more."""
        self._end(self.pods.pop(pod.name))

    def _delete(self, pod: Pod) -> None:
        """Ends a pod on demand. One that ran is there until its Job is gone, for its finalizer."""
        if pod.container:
            pod.manifest["metadata"]["deletionTimestamp"] = "2026-11-25T10:00:01Z"
            self._end(pod)
        else:
            del self.pods[pod.name]

    def close(self) -> None:
        """Ends all."""
        for pod in self.pods.values():
            self._end(pod)

    def _start(self, pod: Pod, hosts: Mapping[str, str]) -> None:
        [spec] = pod.manifest["spec"]["containers"]
        index = pod.manifest["metadata"]["annotations"][_INDEX]
        pod.container = Container(
            spec,
            folder=self.folder / pod.name,
            environment={**os.environ, "JOB_COMPLETION_INDEX": index, "HOSTNAME": pod.name},
            program=self.programs.get(spec["image"], spec["command"][:1]),
            hosts=hosts,
        )

    @staticmethod
    def _end(each: Pod | _Json) -> None:
        if isinstance(each, Pod) and each.container and each.container.is_running:
            each.container.kill()


def _resolve(pods: Sequence[Pod], service: _Json) -> dict[str, str]:
    """Returns where the names and ports lead to that a headless Service gives to pods."""
    spec, metadata = service["spec"], service["metadata"]
    assert spec["clusterIP"] == "None"
    assert spec["publishNotReadyAddresses"]
    [port] = spec["ports"]
    named = [pod for pod in pods if pod.manifest["spec"]["subdomain"] == metadata["name"]]
    domain = f"{metadata['name']}.{metadata['namespace']}.svc:{port['port']}"
    return {
        f"{pod.manifest['spec']['hostname']}.{domain}": f"127.0.0.1:{free}"
        for pod, free in zip(named, find_free_ports(len(named)), strict=True)
    }


def _with_identity(manifest: _Json) -> _Json:
    return {**manifest, "metadata": {**manifest["metadata"], "uid": str(uuid.uuid4())}}


def _owner(pod: Pod) -> str:
    [owner] = pod.manifest["metadata"]["ownerReferences"]
    return owner["uid"]
