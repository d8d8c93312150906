"""The pipeline's one frozen configuration: each key, its default and bounds (no TensorFlow)."""

from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from components.anomaly_gate.acceptance import ACCEPTANCE_PATTERN, NOBODY
from components.data_sets.finding import Format
from components.model_exporter.formats import ExportFormat
from modules.hyperparameters import Hyperparameters
from modules.tuning.settings import Tuning
from pipeline.data import Data
from pipeline.installed_files import find_file
from pipeline.metrics import MetricThreshold, each_once
from pipeline.node_ids import MODEL_EXPORTER, TUNER
from pipeline.paths import InstalledPath, LocalOrRemotePath, RootPath, absolute


def _in_order(formats: tuple[ExportFormat, ...]) -> tuple[ExportFormat, ...]:
    """Puts formats into one order, each once: otherwise TFX's cache would see another wish."""
    return tuple(each for each in ExportFormat if each in formats)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Examples(_Section):
    """How raw rows become examples."""

    train_hash_buckets: int = Field(
        11, ge=1, description="Share of the training rows that is trained on, in hash buckets."
    )
    eval_hash_buckets: int = Field(
        1, ge=1, description="Share of the training rows that is held out, in hash buckets."
    )
    min_train_rows: int = Field(
        500, ge=1, description="Least rows of the split train: from fewer, nothing is trained."
    )
    max_shared_rows: float = Field(
        0.002, ge=0, le=1, description="Most of eval or test, as a share, that may be in train too."
    )
    new_data_accepted_by: str = Field(
        NOBODY,
        pattern=ACCEPTANCE_PATTERN,
        # Two, so that one is another than the value: compiling for Vertex needs it.
        examples=["ada@3f2a9c1b7d04", "eve@0123456789ab"],
        description="NAME@DATA: who accepts that data have drifted; see data/README.md.",
    )
    rows_per_shard: int = Field(
        10_000, ge=1, description="Rows that one shard file is made from, and one worker holds."
    )


class Thresholds(_Section):
    """What a model must reach to be blessed: on the test split, but for `max_eval_gap`."""

    accuracy: float = Field(0.985, ge=0, le=1, description="Least accuracy over all classes.")
    class_accuracy: float = Field(0.96, ge=0, le=1, description="Least accuracy of each class.")
    min_rows: int = Field(
        50,
        ge=1,
        description="Least test rows, in all and of each class: of fewer, a value says little.",
    )
    unmeasured_classes: tuple[int, ...] = Field(
        (), description="Classes of the contract that need no rows, and are held to nothing."
    )
    max_accuracy_drop: float = Field(
        0.002, ge=0, le=1, description="Most that accuracy may fall below the last blessed model."
    )
    max_eval_gap: float = Field(
        0.005,
        ge=0,
        le=1,
        description="Most that accuracy on the split eval may be below that on test, beyond "
        "chance: wrong labels in the train files; 1 looks at none.",
    )
    metrics: Annotated[tuple[MetricThreshold, ...], AfterValidator(each_once)] = Field(
        (),
        description="Further metrics: of metric, average, each_class, top_k, at_least, at_most, "
        "max_drop and max_rise each has some; see docs/metrics.md.",
    )
    max_p99_latency_ms: float = Field(
        100.0, gt=0, description="Slowest answer to 99 of 100 requests of one image, in ms."
    )


class PipelineConfig(_Section):
    """Everything that `create_pipeline` needs to know; the same for every runner."""

    pipeline_name: str = Field(
        "tfx-mnist",
        pattern=r"^[a-z0-9][a-z0-9-]{0,127}$",
        description="Names the pipeline in metadata; models are compared within one name.",
    )
    pipeline_root: RootPath = Field(
        default_factory=lambda values: absolute(f"runs/{values.get('pipeline_name', '')}"),
        description="Where artifacts, logs and run.json go. Default: runs/<pipeline_name>.",
    )
    metadata_path: LocalOrRemotePath = Field(
        default_factory=lambda values: f"{values.get('pipeline_root', '')}/metadata.db",
        description="SQLite file of ML Metadata. Default: <pipeline_root>/metadata.db.",
    )
    serving_model_dir: RootPath = Field(
        default_factory=lambda values: absolute(f"serving_model/{values.get('pipeline_name', '')}"),
        description="Versioned directory that a model server watches. "
        "Default: serving_model/<pipeline_name>.",
    )
    data_root: LocalOrRemotePath = Field(
        default_factory=lambda: absolute("data/mnist"),
        description="Folder of the data files. Default: data/mnist.",
    )
    schema_path: InstalledPath = Field(
        default_factory=lambda: find_file("data/schema/schema.pbtxt"),
        description="The data contract. Default: data/schema/schema.pbtxt, here or as installed.",
    )
    model_card_path: InstalledPath = Field(
        default_factory=lambda: find_file("docs/model_card.md"),
        description="The model card that reports show, in Markdown; read when a pipeline is "
        "defined. Default: docs/model_card.md, here or as installed.",
    )
    keep_versions: int = Field(
        5, ge=1, description="How many of the newest versions stay in the serving directory."
    )
    exports: Annotated[tuple[ExportFormat, ...], AfterValidator(_in_order)] = Field(
        (), description="Other formats that a pushed model comes in as well; see docs/exports.md."
    )
    exports_required: bool = Field(
        True, description="Push nothing if an export fails its gate; else leave that one out."
    )
    enable_cache: bool = Field(True, description="Reuse a node's output while its inputs stand.")
    beam_pipeline_args: tuple[str, ...] = Field(
        # FnApiRunner: the default runner first tries to download Prism. The image is unused
        # here; naming one keeps TFX from building an sdist of itself for every Beam node.
        ("--runner=FnApiRunner", "--sdk_container_image=unused"),
        description="Where Beam nodes run. Default: in this process.",
    )
    examples: Examples = Examples()
    data: Data = Data()
    training: Hyperparameters = Hyperparameters()
    tuning: Tuning = Tuning()
    thresholds: Thresholds = Thresholds()

    def has_node(self, node_id: str) -> bool:
        """Returns whether the pipeline has a node."""
        return {MODEL_EXPORTER: bool(self.exports), TUNER: self.tuning.enabled}.get(node_id, True)

    def with_every_node(self) -> Self:
        """Returns a configuration whose pipeline has the nodes that are there on request, too."""
        tuning = self.tuning.model_copy(update={"enabled": True})
        return self.model_copy(update={"exports": tuple(ExportFormat), "tuning": tuning})

    def with_format(self, data_format: Format) -> Self:
        """Returns a configuration for data of another format, which another node may read."""
        data = self.data.model_copy(update={"format": data_format})
        return self.model_copy(update={"data": data})

    @field_validator("thresholds")
    @classmethod
    def _fit_the_classes(cls, thresholds: Thresholds, info: ValidationInfo) -> Thresholds:
        data = info.data.get("data")
        for number, entry in enumerate(thresholds.metrics):
            if data is not None and entry.top_k is not None and entry.top_k >= data.num_classes:
                raise ValueError(
                    f"thresholds.metrics[{number}].top_k: expected less than data.num_classes="
                    f"{data.num_classes}, of which any answer is right, received {entry.top_k}"
                )
        return thresholds

    @field_validator("tuning")
    @classmethod
    def _fit_the_training(cls, tuning: Tuning, info: ValidationInfo) -> Tuning:
        training = info.data.get("training")
        if tuning.enabled and training is not None and training.trains_apart:
            raise ValueError(
                f"trials train in the process of the Tuner, and training.strategy="
                f"{training.strategy} in others. Tune with mirrored or one_device, and keep what "
                "was found for the other strategy"
            )
        return tuning
