"""Everything about a training that can be set, with its bounds and defaults (no TensorFlow)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict, Field


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
    num_classes: int = Field(
        default=10,
        ge=2,
        le=256,  # a label of the data is one byte
        description="Classes that the model tells apart.",
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
    }
)
"""Named starting points: `default` for accuracy, `quick` for a first look within seconds."""
