"""How the pipeline runs on Vertex AI: the settings that `tfx-mnist compile vertex` reads."""

from pydantic import Field

from runners.orchestration.pod_paths import PodFolders
from runners.orchestration.settings import InImage, Section, Tries, fill_in, read_settings_file

# Vertex AI shows buckets there, too.
_MOUNTED = ("/gcs",)


class Resources(Section):
    """What the machine of a task has."""

    cpu_limit: float | None = Field(None, gt=0, description="Cores, e.g. 4.")
    memory_limit_gb: float | None = Field(None, gt=0, description="In GB, e.g. 16.")
    accelerator: str | None = Field(None, description="Its type, e.g. NVIDIA_TESLA_T4.")
    accelerator_count: int = Field(1, ge=1, description="How many of it.")
    machine_type: str | None = Field(
        None, description="Of each worker, where the strategy has some, e.g. g2-standard-12."
    )


class TaskSettings(Section):
    """What one task has otherwise than the others."""

    image: str | None = Field(None, description="E.g. the one with CUDA, for the Trainer.")
    retries: int | None = Field(None, ge=0, description="Tries after the first.")
    timeout_minutes: int | None = Field(None, ge=1, description="A longer try is stopped.")
    resources: Resources | None = Field(None, description="Of its machine.")


class VertexSettings(InImage, Tries):
    """Everything about the tasks that is not in the pipeline itself."""

    bucket: str | None = Field(
        None,
        pattern="^gs://.",
        description="For artifacts, models and data, e.g. gs://bucket/folder.",
    )
    resources: Resources = Resources()
    tasks: dict[str, TaskSettings] = Field(
        default_factory=dict, description="By node: what its task has otherwise."
    )

    @property
    def folders(self) -> PodFolders:
        """Where tasks see what the pipeline reads and writes."""
        return PodFolders(
            home=self.image_home,
            kept=_MOUNTED,
            outputs=self.bucket,
            data=self.bucket,
            schemes=("gs://",),
            nodes_read_card=False,
        )

    def of_task(self, node_id: str) -> TaskSettings:
        """Returns the settings of one task; what it does not have itself, it shares."""
        return fill_in(self.tasks.get(node_id, TaskSettings()), self)


def read_settings(path: str | None) -> VertexSettings:
    """Reads a YAML file of settings.

    Raises:
      ConfigError: The file cannot be read, has an unknown key or a bad value, or lacks one that
        has no default.
    """
    return read_settings_file(path, VertexSettings)
