"""Everything about a training that can be set, with its bounds and defaults (no TensorFlow)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

Strategy = Literal["mirrored", "one_device", "multi_worker_mirrored", "parameter_server", "tpu"]
"""How the work is spread; `modules.distribution` has a file for each."""

_WITH_WORKERS: Final[frozenset[Strategy]] = frozenset({"multi_worker_mirrored", "parameter_server"})

_MOST_SENT_MB: Final = 1024
"""Half of what a protobuf may hold, since a dataset is sent as one."""

CHANGE_NO_WEIGHTS: Final = frozenset(
    {
        "cache_mb",
        "run_workers_in",
        "restarts",
        "start_timeout_seconds",
        "tpu",
        "worker_timeout_seconds",
    }
)
"""What may change before a training goes on; one that is finished is run anew, as TFX sees it."""


class Hyperparameters(BaseModel):
    """The settings of one training; an unknown name or a value out of bounds is an error.

    They travel to the trainer as plain JSON: `Hyperparameters(...).model_dump()` at one end,
    `Hyperparameters.model_validate(...)` at the other.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=4, ge=1, le=1000, description="Passes over the training split.")
    batch_size_per_replica: int = Field(
        default=256,
        ge=1,
        le=65536,
        description="Images in one step on one device; the global batch is this times devices.",
    )
    learning_rate: float = Field(
        default=0.02,
        gt=0,
        le=1,
        description="Peak of the one-cycle learning rate, reached after three tenths of the steps.",
    )
    label_smoothing: float = Field(
        default=0.05,
        ge=0,
        lt=1,
        description="Share of each label's weight that is spread evenly over all classes.",
    )
    augment: bool = Field(
        default=True, description="Shift, turn and zoom each training image at random."
    )
    filters: int = Field(
        default=16,
        ge=1,
        le=512,
        description="Channels of the first convolution; the next two have twice and eight times.",
    )
    dropout: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the last features dropped in training."
    )
    seed: int = Field(
        default=1, ge=0, lt=2**31, description="Seed of weights, shuffling and augmentation."
    )
    shuffle_buffer: int = Field(
        default=60_000,
        ge=1,
        description="Images among which the next one is drawn; 1 keeps the order of the files.",
    )
    logical_cpus: int = Field(
        default=0,
        ge=0,
        le=64,
        description="Split the CPU into so many devices and mirror over them; 0 leaves it whole.",
    )
    hide_gpus: bool = Field(default=False, description="Train on the CPU even if there are GPUs.")
    strategy: Strategy = Field(
        default="mirrored",
        description="How the work is spread over devices and processes; see docs/training.md.",
    )
    workers: int = Field(
        default=1,
        ge=1,
        le=1000,
        validate_default=True,
        description="Processes that share the steps: multi_worker_mirrored, parameter_server.",
    )
    parameter_servers: int = Field(
        default=1, ge=1, le=1000, description="Processes that hold the weights: parameter_server."
    )
    cache_mb: int = Field(
        default=1024,
        ge=0,
        validate_default=True,
        description="Memory, in MB, for the images of both splits as they are in their files; if "
        "they take more, they are read again in each epoch.",
    )
    run_workers_in: Literal["processes", "pods"] = Field(
        default="processes",
        description="Where the Trainer starts workers and servers: here, or in Kubernetes.",
    )
    tpu: str = Field(
        default="local",
        min_length=1,
        description="The TPU of the strategy tpu: its name, its grpc:// address, or local.",
    )
    learning_rate_scaling: Literal["none", "sqrt", "linear"] = Field(
        default="none",
        description="What training.learning_rate is multiplied with: 1, or root or number of "
        "replicas.",
    )
    restarts: int = Field(
        default=1,
        ge=0,
        le=1000,
        description="How often workers are started again, from the last epoch, when one is lost.",
    )
    worker_timeout_seconds: float = Field(
        default=60.0,
        gt=0,
        description="Seconds that workers wait for one that does not start, answer or end.",
    )
    start_timeout_seconds: float = Field(
        default=600.0,
        gt=0,
        description="Seconds until all pods or replicas run: machines come, images are pulled.",
    )

    @field_validator("workers")
    @classmethod
    def _fit_the_strategy(cls, workers: int, info: ValidationInfo) -> int:
        strategy = info.data.get("strategy")
        if strategy == "multi_worker_mirrored" and workers == 1:
            raise ValueError(f"{strategy} needs at least 2; for one process there is mirrored")
        if strategy is not None and strategy not in _WITH_WORKERS and workers > 1:
            raise ValueError(
                f"{strategy} trains in one process; for several there are "
                f"{' and '.join(sorted(_WITH_WORKERS))}"
            )
        return workers

    @field_validator("run_workers_in")
    @classmethod
    def _have_workers(cls, run_workers_in: str, info: ValidationInfo) -> str:
        strategy = info.data.get("strategy")
        if run_workers_in == "pods" and strategy is not None and strategy not in _WITH_WORKERS:
            raise ValueError(
                f"{strategy} trains without workers; pods are for "
                f"{' and '.join(sorted(_WITH_WORKERS))}"
            )
        return run_workers_in

    @field_validator("cache_mb")
    @classmethod
    def _can_be_sent(cls, cache_mb: int, info: ValidationInfo) -> int:
        if info.data.get("strategy") == "parameter_server" and cache_mb > _MOST_SENT_MB:
            raise ValueError(
                f"parameter_server sends images in memory to each worker, {_MOST_SENT_MB} MB at "
                "most"
            )
        return cache_mb

    @field_validator("strategy")
    @classmethod
    def _fit_the_devices(cls, strategy: Strategy, info: ValidationInfo) -> Strategy:
        if strategy != "mirrored" and info.data.get("logical_cpus"):
            raise ValueError(
                "training.logical_cpus, the parts of one CPU, takes training.strategy=mirrored"
            )
        return strategy

    @property
    def cache_bytes(self) -> int:
        """What the images may take in memory."""
        return self.cache_mb * 2**20

    @property
    def trains_apart(self) -> bool:
        """Whether the strategy trains in other processes than the one that asks for it.

        Those that connect to others must do so before TensorFlow's first operation, and may wait
        there for ever.
        """
        return self.strategy in {*_WITH_WORKERS, "tpu"}

    @property
    def tasks(self) -> dict[str, int]:
        """How many processes there are of each of TF_CONFIG's kinds of task; the first writes."""
        if self.strategy == "parameter_server":
            return {"chief": 1, "worker": self.workers, "ps": self.parameter_servers}
        return {"worker": self.workers}

    @property
    def seconds_to_meet(self) -> float:
        """How long workers on machines of their own may take to find each other."""
        # The first to start waits for the last, which has then yet to load TensorFlow.
        return self.start_timeout_seconds + self.worker_timeout_seconds

    def with_values(self, values: Mapping[str, Any]) -> Self:
        """Returns these hyperparameters with some other values, by name.

        Raises:
          ValueError: A name is unknown or a value out of bounds.
        """
        return self.model_validate({**self.model_dump(), **values})

    def peak_learning_rate(self, num_replicas: int) -> float:
        """Returns the peak for so many replicas, each of which adds its share to a batch."""
        factors = {"none": 1.0, "sqrt": num_replicas**0.5, "linear": float(num_replicas)}
        return self.learning_rate * factors[self.learning_rate_scaling]


def pick_hyperparameters(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a search of keras-tuner has chosen, without the values that it adds of its own.

    Hyperband adds some, such as `tuner/epochs`.
    """
    return {name: value for name, value in values.items() if not name.startswith("tuner/")}


PRESETS: Final[Mapping[str, Hyperparameters]] = MappingProxyType(
    {
        "default": Hyperparameters(),
        "quick": Hyperparameters(
            epochs=1,
            batch_size_per_replica=128,
            learning_rate=0.01,
            label_smoothing=0.0,
            augment=False,
        ),
        "accurate": Hyperparameters(epochs=15, filters=24),
    }
)
"""Named starting points: `quick` for a first look, `accurate` for six times the work of `default`.

What each reaches, and what it costs, is measured by benchmarks/accuracy.py.
"""
