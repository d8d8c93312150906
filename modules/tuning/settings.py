"""What a search for hyperparameters tries, with its bounds and defaults (no TensorFlow)."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from modules.hyperparameters import Hyperparameters

Scale = Literal["linear", "log"]

Searched = Literal["learning_rate", "filters", "dropout", "label_smoothing", "augment"]
"""The hyperparameters that can be searched; those with bounds have a range in `SearchSpace`."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Range(_Section):
    low: float
    high: float
    scale: Scale

    @model_validator(mode="after")
    def _is_range(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"expected low below high, received {self.low} and {self.high}")
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f"expected low above 0 for the scale log, received {self.low}")
        return self


class LearningRates(_Range):
    """Peaks of the one-cycle learning rate."""

    low: float = Field(0.005, description="Lowest peak learning rate of a search.")
    high: float = Field(0.05, description="Highest peak learning rate of a search.")
    scale: Scale = Field("log", description="log: as likely below as above the geometric mean.")


class Filters(_Range):
    """Channels of the first convolution."""

    low: int = Field(8, description="Fewest filters of a search.")
    high: int = Field(32, description="Most filters of a search.")
    scale: Scale = Field("log", description="log: low, and doubled up to high; linear: any.")

    @model_validator(mode="after")
    def _has_two_values(self) -> Self:
        if self.scale == "log" and self.high < 2 * self.low:
            raise ValueError(
                f"expected high to be at least twice low for the scale log, received {self.low} "
                f"and {self.high}"
            )
        return self


class Dropouts(_Range):
    """Shares of the last features that are dropped."""

    low: float = Field(0.0, description="Least dropout of a search.")
    high: float = Field(0.5, description="Most dropout of a search.")
    scale: Scale = Field("linear", description="linear or log; log needs low above 0.")


class LabelSmoothings(_Range):
    """Shares of a label's weight that are spread over all classes."""

    low: float = Field(0.0, description="Least label smoothing of a search.")
    high: float = Field(0.2, description="Most label smoothing of a search.")
    scale: Scale = Field("linear", description="linear or log; log needs low above 0.")


class SearchSpace(_Section):
    """The ranges that values are drawn from, one for each searched hyperparameter with bounds."""

    learning_rate: LearningRates = LearningRates()
    filters: Filters = Filters()
    dropout: Dropouts = Dropouts()
    label_smoothing: LabelSmoothings = LabelSmoothings()

    @model_validator(mode="after")
    def _are_hyperparameters(self) -> Self:
        for name, values in self:
            for bound in (values.low, values.high):
                try:
                    Hyperparameters.model_validate({name: bound})
                except ValidationError as error:
                    [problem] = error.errors()
                    raise ValueError(
                        f"{name}: {bound} is no value of training.{name}: {problem['msg']}"
                    ) from error
        return self


class Tuning(_Section):
    """Whether and how hyperparameters are searched before the training."""

    enabled: bool = Field(False, description="Search hyperparameters before training, by Tuner.")
    trials: int = Field(12, ge=1, le=10_000, description="Sets of values that a search tries.")
    epochs: int = Field(
        0,
        ge=0,
        le=1000,
        description="Epochs of a trial, with a learning rate cycle of that length; 0 for "
        "training.epochs.",
    )
    # Of 0 keras-tuner makes a random one.
    seed: int = Field(1, ge=1, lt=2**31, description="Seed that the values are drawn with.")
    searched: tuple[Searched, ...] = Field(
        ("learning_rate", "filters", "dropout", "label_smoothing", "augment"),
        min_length=1,
        description="The hyperparameters to search; the others stay as training has them.",
    )
    space: SearchSpace = SearchSpace()

    @field_validator("searched")
    @classmethod
    def _are_different(cls, searched: tuple[Searched, ...]) -> tuple[Searched, ...]:
        if len(set(searched)) < len(searched):
            raise ValueError("expected each hyperparameter once")
        return searched
