"""How the pipeline runs on Airflow: the settings that `tfx-mnist compile airflow` reads."""

import sys
from typing import Any, Self

from pydantic import Field, model_validator

from runners.orchestration.settings import MlmdUrl, Section, Tries, read_settings_file


class TaskSettings(Section):
    """What one task has otherwise than the others."""

    retries: int | None = Field(None, ge=0, description="Tries after the first.")
    timeout_minutes: int | None = Field(None, ge=1, description="A longer try is stopped.")
    pool: str | None = Field(None, description="Airflow pool whose slots it takes.")
    queue: str | None = Field(None, description="Workers that it runs on, e.g. those with a GPU.")
    resources: dict[str, Any] = Field(
        default_factory=dict,
        description="Kubernetes only: requests and limits of its container, as in a pod template.",
    )


class Environment(Section):
    """Where a task finds the pipeline's own environment on the Airflow worker."""

    python: str = Field(
        default_factory=lambda: sys.executable,
        description="Python of the environment that make run builds. Default: the one that runs.",
    )
    working_directory: str | None = Field(
        None, description="Folder to run in; for code that is not installed. Default: a new one."
    )


class Kubernetes(Section):
    """The pod that runs a task, for workers that have no pipeline environment."""

    image: str = Field(description="The project's image, e.g. registry.example.com/tfx-mnist:1.")
    namespace: str = Field("default", description="Namespace of the pods.")
    compiled_folder: str = Field(
        description="Where pods see the files that compile wrote: in the image or on a volume."
    )
    pod_template: dict[str, Any] = Field(
        default_factory=dict,
        description="A Kubernetes pod: volumes, secrets, node selector. Its container is `base`.",
    )
    startup_timeout_seconds: int = Field(
        900, ge=1, description="For a pod to start: pull the image, wait for a node with a GPU."
    )


class AirflowSettings(Tries):
    """Everything about the DAG that is not in the pipeline itself."""

    dag_id: str | None = Field(None, description="Default: the pipeline's name.")
    schedule: str | None = Field(None, description="Cron expression. Default: started by hand.")
    assets: tuple[str, ...] = Field(
        (), description="URIs of Airflow assets; a run starts when all of them were updated."
    )
    tags: tuple[str, ...] = Field(("tfx",), description="To find the DAG by in Airflow's list.")
    owner: str = Field("airflow", description="Whom Airflow shows as the owner.")
    starts_paused: bool = Field(False, description="Whether a new DAG waits to be switched on.")
    max_active_runs: int = Field(1, ge=1, description="Runs at the same time.")
    mlmd: MlmdUrl | None = Field(
        None,
        description="URL of ML Metadata without a password, or the path of a file with the URL. "
        "Default: the worker's MLMD_URL, else the SQLite file of the configuration.",
    )
    groups: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Task id: nodes that run one after another in one process. Default: one task "
        "for each node.",
    )
    tasks: dict[str, TaskSettings] = Field(
        default_factory=dict, description="By task id: what that task has otherwise."
    )
    environment: Environment = Field(default_factory=Environment)
    kubernetes: Kubernetes | None = Field(
        None, description="Runs each task in a pod instead of on the worker."
    )

    @model_validator(mode="after")
    def _check_schedule(self) -> Self:
        if self.schedule and self.assets:
            raise ValueError("expected a schedule or assets, received both; leave one of them out")
        return self

    @model_validator(mode="after")
    def _check_mlmd(self) -> Self:
        if self.kubernetes and not self.mlmd:
            raise ValueError(
                "expected mlmd beside kubernetes, received none: a SQLite file in a pod would be "
                "lost with it"
            )
        return self


def read_settings(path: str | None) -> AirflowSettings:
    """Reads a YAML file of settings; without one, all have their default.

    Raises:
      ConfigError: The file cannot be read, has an unknown key or a bad value.
    """
    return read_settings_file(path, AirflowSettings)
