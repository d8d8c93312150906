"""How the pipeline runs on Kubeflow: the settings that `tfx-mnist compile kubeflow` reads.

Kubeflow calls a task a step: a container that runs one node of the pipeline, or a group of them.
The key `tasks` is called as with the other orchestrators.
"""

from typing import Any

from pydantic import Field

from runners.orchestration.pod_paths import PodFolders
from runners.orchestration.settings import (
    InImage,
    MlmdUrl,
    Section,
    Tries,
    fill_in,
    fill_in_report,
    read_settings_file,
)
from runners.orchestration.tasks import FINAL_REPORT


class Volume(Section):
    """A volume claim that every step sees."""

    claim: str = Field(description="Name of the PersistentVolumeClaim; ReadWriteMany.")
    path: str = Field(pattern="^/", description="Where steps see it.")


class SecretKey(Section):
    """One value in a Kubernetes secret."""

    secret: str = Field(description="Name of the secret.")
    key: str = Field(description="Key in it.")


class Resources(Section):
    """What the container of a step asks for and may take at most."""

    cpu_request: str | None = Field(None, description="Cores, e.g. 2 or 500m.")
    cpu_limit: str | None = Field(None, description="Cores.")
    memory_request: str | None = Field(None, description="Bytes, e.g. 8Gi.")
    memory_limit: str | None = Field(None, description="Bytes.")
    accelerator: str | None = Field(None, description="Its resource name, e.g. nvidia.com/gpu.")
    accelerator_count: int = Field(1, ge=1, description="How many of it.")


class StepSettings(Section):
    """What one step has otherwise than the others."""

    image: str | None = Field(None, description="E.g. the one with CUDA, for the Trainer.")
    retries: int | None = Field(None, ge=0, description="Tries after the first.")
    timeout_minutes: int | None = Field(None, ge=1, description="A longer try is stopped.")
    resources: Resources | None = Field(None, description="Of its container.")
    node_selector: dict[str, str] | None = Field(
        None, description="Labels of the machines to run on."
    )
    tolerations: tuple[dict[str, Any], ...] | None = Field(
        None, description="Taints of machines that it may run on, as in a pod."
    )


class KubeflowSettings(InImage, Tries):
    """Everything about the steps that is not in the pipeline itself."""

    compiled_folder: str = Field(
        description="Where steps see the files that compile wrote: on a volume, in the image, or "
        "gs:// and the like."
    )
    mlmd: MlmdUrl = Field(
        description="URL of ML Metadata without a password, or the path of a file with the URL."
    )
    mlmd_password: SecretKey | None = Field(None, description="The password of that database.")
    volumes: tuple[Volume, ...] = Field(
        (), description="What artifacts and data are on; outputs go to the first."
    )
    environment: dict[str, str] = Field(
        default_factory=dict, description="Environment variables of every step; no secrets."
    )
    image_pull_secrets: tuple[str, ...] = Field((), description="Names of secrets.")
    resources: Resources = Resources()
    node_selector: dict[str, str] = Field(
        default_factory=dict, description="Labels of the machines to run on."
    )
    tolerations: tuple[dict[str, Any], ...] = Field(
        (), description="Taints of machines that steps may run on, as in a pod."
    )
    groups: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="By step: the nodes that it runs one after another in one process. Default: "
        "one step for each node.",
    )
    tasks: dict[str, StepSettings] = Field(
        default_factory=dict,
        description="By step, which is a node, a group or FinalReport: what it has otherwise.",
    )

    @property
    def folders(self) -> PodFolders:
        """Where steps see what the pipeline reads and writes."""
        kept = tuple(volume.path for volume in self.volumes)
        return PodFolders(home=self.image_home, kept=kept, outputs=next(iter(kept), None))

    def of_step(self, step_id: str) -> StepSettings:
        """Returns the settings of one step; what it does not have itself, it shares."""
        own = self.tasks.get(step_id, StepSettings())
        return fill_in(fill_in_report(own) if step_id == FINAL_REPORT else own, self)


def read_settings(path: str | None) -> KubeflowSettings:
    """Reads a YAML file of settings.

    Raises:
      ConfigError: The file cannot be read, has an unknown key or a bad value, or lacks one that
        has no default.
    """
    return read_settings_file(path, KubeflowSettings)
