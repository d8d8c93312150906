"""Starts a compiled pipeline on Kubeflow, once or by a schedule."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kfp import Client
from kfp_server_api import V2beta1GetHealthzResponse  # type: ignore[import-untyped]

_FIELDS_OF_CRON = 5


class OneTryClient(Client):
    """kfp's client, which takes a refusal for one.

    Its own asks five times at its start, logs a traceback each time, and gives up with a timeout.
    """

    def get_kfp_healthz(self, sleep_duration: int = 0) -> V2beta1GetHealthzResponse:  # noqa: ARG002 - kfp's own
        """Asks Kubeflow what it is, once."""
        return self._healthz_api.healthz_service_get_healthz()


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A compiled pipeline and what to start it with.

    Attributes:
      path: The YAML that compile wrote.
      experiment: Name of the experiment that its runs belong to; made if there is none.
      namespace: Of the experiment, where each user has one.
      parameters: Values of the run's parameters, of the types that the pipeline declares.
      service_account: That the steps run as; None: Kubeflow's default.
    """

    path: Path
    experiment: str
    namespace: str | None
    parameters: Mapping[str, Any]
    service_account: str | None

    @property
    def pipeline_name(self) -> str:
        """The name in the file."""
        return str(read_spec(self.path)["pipelineInfo"]["name"])


def read_spec(path: Path) -> Any:
    """Returns the pipeline of a compiled YAML file, without the platform part that follows it."""
    return next(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def start_run(client: Client, submission: Submission) -> str:
    """Starts a run; returns its id, which is its id in ML Metadata as well."""
    started = client.create_run_from_pipeline_package(
        str(submission.path),
        arguments=dict(submission.parameters),
        experiment_name=submission.experiment,
        namespace=submission.namespace,
        service_account=submission.service_account,
    )
    return str(started.run_id)


def schedule_runs(client: Client, submission: Submission, cron: str) -> str:
    """Starts runs by a schedule, instead of the schedules of that name in the experiment.

    The new one is made first: if it is refused, the old ones go on.

    Args:
      client: Of Kubeflow.
      submission: What to run.
      cron: Five fields, as everywhere; Kubeflow's has a sixth in front, the second, which may be
        given.

    Returns:
      The schedule's id.
    """
    name = submission.pipeline_name
    experiment_id = client.create_experiment(
        submission.experiment, namespace=submission.namespace
    ).experiment_id
    earlier = [
        recurring_run.recurring_run_id
        for recurring_run in _list_schedules(client, experiment_id)
        if recurring_run.display_name == name
    ]
    made = client.create_recurring_run(
        experiment_id,
        name,
        cron_expression=f"0 {cron}" if len(cron.split()) == _FIELDS_OF_CRON else cron,
        pipeline_package_path=str(submission.path),
        params=dict(submission.parameters),
        # After a pause one run makes up for all that were missed.
        no_catchup=True,
        service_account=submission.service_account,
    )
    for recurring_run_id in earlier:
        client.delete_recurring_run(recurring_run_id)
    return str(made.recurring_run_id)


def _list_schedules(client: Client, experiment_id: str) -> list[Any]:
    found: list[Any] = []
    token = ""
    while True:
        page = client.list_recurring_runs(
            page_token=token, page_size=100, experiment_id=experiment_id
        )
        found += page.recurring_runs or []
        token = page.next_page_token or ""
        if not token:
            return found
