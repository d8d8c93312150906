"""How the pipeline runs on Airflow: the settings that `tfx-mnist compile airflow` reads."""

import sys
from typing import Any, Self

from pydantic import Field, model_validator

from runners.orchestration.pod_paths import PodFolders
from runners.orchestration.settings import InImage, MlmdUrl, Section, Tries, read_settings_file

# Kinds of volumes that end with a pod, or cannot be written.
_LOST = {"configMap", "downwardAPI", "emptyDir", "ephemeral", "image", "projected", "secret"}


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


class Kubernetes(InImage):
    """The pod that runs a task, for workers that have no pipeline environment."""

    namespace: str = Field("default", description="Namespace of the pods.")
    compiled_folder: str = Field(
        description="Where pods see the files that compile wrote: in the image or on a volume."
    )
    pod_template: dict[str, Any] = Field(
        default_factory=dict,
        description="A Kubernetes pod: volumes, secrets, node selector. Its container is `base`; "
        "outputs go to the first of its mounts that lasts.",
    )
    startup_timeout_seconds: int = Field(
        900, ge=1, description="For a pod to start: pull the image, wait for a node with a GPU."
    )

    @property
    def pod(self) -> dict[str, Any]:
        """The pod template, complete with the container `base`, which Airflow runs the task in.

        Raises:
          ValueError: It has another container, or several.
        """
        spec = self.pod_template.get("spec", {})
        containers = spec.get("containers") or [{}]
        if len(containers) != 1 or containers[0].get("name", "base") != "base":
            names = ", ".join(str(container.get("name")) for container in containers)
            raise ValueError(
                f"kubernetes.pod_template: expected one container, named base; received {names}"
            )
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            **self.pod_template,
            "spec": {
                "restartPolicy": "Never",
                **spec,
                "containers": [{"name": "base", **containers[0]}],
            },
        }

    @property
    def folders(self) -> PodFolders:
        """Where pods see what the pipeline reads and writes.

        Raises:
          ValueError: The template has another container than `base`, or several.
        """
        spec = self.pod["spec"]
        [base] = spec["containers"]
        lost = {
            volume["name"] for volume in spec.get("volumes", ()) if not _LOST.isdisjoint(volume)
        }
        kept = [mount for mount in base.get("volumeMounts", ()) if mount["name"] not in lost]
        writable = (mount["mountPath"] for mount in kept if not mount.get("readOnly"))
        return PodFolders(
            home=self.image_home,
            kept=tuple(mount["mountPath"] for mount in kept),
            outputs=next(writable, None),
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
