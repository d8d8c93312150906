"""Starts a compiled pipeline on Vertex AI, once or by a schedule.

By Vertex AI's own API, `google.cloud.aiplatform_v1`. The layer above it, `aiplatform.PipelineJob`,
also makes the pipeline root's bucket if there is none, logs a traceback where it may not, and takes
three times as long to load. Over REST, so that a proxy and its certificate are found as everywhere.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from google.api_core.client_options import ClientOptions
from google.cloud.aiplatform_v1 import (
    CreatePipelineJobRequest,
    PipelineJob,
    PipelineServiceClient,
    Schedule,
    ScheduleServiceClient,
)

from runners.pipeline_spec.lint import SpecError, check_vertex
from runners.pipeline_spec.parameters import read_parameters

_TIMEOUT_SECONDS = 60
_MAX_ID_NAME = 112  # of the 127 characters of a run's id; the time takes 15


@dataclass(frozen=True, kw_only=True)
class Location:
    """Where runs take place.

    Attributes:
      project: Id of the Google Cloud project.
      region: Such as europe-west4.
      endpoint: URL or host of Vertex AI's API.
    """

    project: str
    region: str
    endpoint: str

    @property
    def parent(self) -> str:
        """The resource that runs and schedules belong to."""
        return f"projects/{self.project}/locations/{self.region}"

    @property
    def options(self) -> ClientOptions:
        """That a client needs to find the region's API."""
        return ClientOptions(api_endpoint=self.endpoint)

    def console_page(self, name: str) -> str:
        """Returns the address in Google's console of a run or a schedule."""
        *_, collection, resource_id = name.split("/")
        page = {"pipelineJobs": "runs", "schedules": "schedules"}[collection]
        return (
            f"https://console.cloud.google.com/vertex-ai/locations/{self.region}/pipelines/{page}/"
            f"{resource_id}?project={self.project}"
        )


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A compiled pipeline and what to start it with.

    Attributes:
      path: The JSON that compile wrote.
      pipeline_root: Instead of the file's; None: the file's.
      assignments: Parameters of the run, NAME=VALUE each.
      service_account: That the steps run as; None: Vertex AI's default.
      network: That the steps are peered with, by its full name; None: none.
      no_cache: Whether every step runs, whatever the file says.
    """

    path: Path
    pipeline_root: str | None
    assignments: tuple[str, ...]
    service_account: str | None
    network: str | None
    no_cache: bool

    def read_job(self) -> PipelineJob:
        """Returns the file's content with the changes of this submission.

        Raises:
          ValueError: The file or a parameter has faults; a `SpecError` has one line for each.
        """
        content = _read_json(self.path)
        runtime = content.setdefault("runtimeConfig", {})
        compiled = runtime.get("gcsOutputDirectory")
        if self.pipeline_root:
            runtime["gcsOutputDirectory"] = self.pipeline_root
        check_vertex(json.dumps(content))
        spec = content["pipelineSpec"]
        _configure_custom_jobs(spec, serviceAccount=self.service_account, network=self.network)
        if self.pipeline_root and compiled:
            _move_folders(spec, compiled, self.pipeline_root)
        runtime.setdefault("parameterValues", {}).update(read_parameters(spec, self.assignments))
        if self.no_cache:
            _switch_cache_off(spec)
        job = PipelineJob.from_json(json.dumps(content))
        job.service_account = self.service_account or ""
        job.network = self.network or ""
        return job


def start_run(location: Location, job: PipelineJob) -> str:
    """Starts a run, and does not wait for its end; returns its resource name."""
    client = PipelineServiceClient(transport="rest", client_options=location.options)
    made = client.create_pipeline_job(
        parent=location.parent,
        pipeline_job=job,
        pipeline_job_id=f"{_name(job)[:_MAX_ID_NAME]}-{datetime.now(UTC):%Y%m%d%H%M%S}",
        timeout=_TIMEOUT_SECONDS,
    )
    return str(made.name)


def schedule_runs(location: Location, job: PipelineJob, cron: str) -> str:
    """Starts runs by a schedule, instead of the schedules of that name in the region.

    The new one is made first: if it is refused, the old ones go on.

    Args:
      location: Where to.
      job: What to run.
      cron: Five fields; `TZ=Europe/Berlin` and a space in front set a time zone other than UTC.

    Returns:
      The schedule's resource name.
    """
    client = ScheduleServiceClient(transport="rest", client_options=location.options)
    found = client.list_schedules(parent=location.parent, timeout=_TIMEOUT_SECONDS)
    earlier = [schedule.name for schedule in found if schedule.display_name == _name(job)]
    schedule = Schedule(
        display_name=_name(job),
        cron=cron,
        create_pipeline_job_request=CreatePipelineJobRequest(
            parent=location.parent, pipeline_job=job
        ),
        # The first is about runs being started, and required; the second about runs going on.
        max_concurrent_run_count=1,
        max_concurrent_active_run_count=1,
    )
    made = client.create_schedule(
        parent=location.parent, schedule=schedule, timeout=_TIMEOUT_SECONDS
    )
    for name in earlier:
        _delete(client, name, made.name)
    return str(made.name)


def _delete(client: ScheduleServiceClient, name: str, made: str) -> None:
    """Deletes an earlier schedule; says in an error which one has been made in its place.

    A refusal comes with the answer; the rest of the deletion is up to Vertex AI.
    """
    try:
        client.delete_schedule(name=name, timeout=_TIMEOUT_SECONDS)
    except Exception as error:
        error.add_note(f"{made} was made, and {name} is still there: delete it.")
        raise


def _name(job: PipelineJob) -> str:
    return str(job.pipeline_spec["pipelineInfo"]["name"])


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise SpecError(f"{path}: expected the JSON that tfx-mnist compile vertex writes")
    return content


def _move_folders(spec: Mapping[str, Any], compiled: str, root: str) -> None:
    """Moves the folders that tasks have below the compiled root: for what a kill would lose."""
    for name, task in spec["root"]["dag"]["tasks"].items():
        old, new = (f"{folder.rstrip('/')}/{name}/" for folder in (compiled, root))
        for parameter in task.get("inputs", {}).get("parameters", {}).values():
            value = parameter.get("runtimeValue", {})
            if isinstance(value.get("constant"), str):
                value["constant"] = value["constant"].replace(old, new)


def _configure_custom_jobs(spec: Mapping[str, Any], **settings: str | None) -> None:
    """Has custom jobs run as all other tasks do: each is a job with settings of its own."""
    given = {name: value for name, value in settings.items() if value}
    for executor in spec.get("deploymentSpec", {}).get("executors", {}).values():
        if job := executor.get("customJob"):
            job["customJob"]["jobSpec"].update(given)


def _switch_cache_off(spec: Mapping[str, Any]) -> None:
    for component in (spec["root"], *spec["components"].values()):
        for task in component.get("dag", {}).get("tasks", {}).values():
            task["cachingOptions"] = {"enableCache": False}
