"""The metrics that a threshold may name, and their bounds (no TensorFlow)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)


class Form(StrEnum):
    """What a metric is measured of, in the words that ask for it."""

    ALL_ROWS = "neither average nor each_class"
    MACRO = "average: macro"
    MICRO = "average: micro"
    WEIGHTED = "average: weighted"
    EACH_CLASS = "each_class: true"


CALIBRATION_ERROR: Final = "ExpectedCalibrationError"
CROSS_ENTROPY: Final = "SparseCategoricalCrossentropy"
TOP_K: Final = "SparseTopKCategoricalAccuracy"

_ERRORS = frozenset(
    {
        *("FalseDiscoveryRate", "FalseOmissionRate", "FallOut", "FNR", "FPR", "MissRate"),
        *(CALIBRATION_ERROR, CROSS_ENTROPY),
    }
)

_AVERAGES = (Form.MACRO, Form.MICRO, Form.WEIGHTED, Form.EACH_CLASS)

ONE_VERSUS_REST: Final[Mapping[str, tuple[Form, ...]]] = {
    # Of several classes at once these two have a meaning of their own, which is no average.
    "BalancedAccuracy": (Form.EACH_CLASS,),
    "MatthewsCorrelationCoefficient": (Form.EACH_CLASS,),
    **dict.fromkeys(
        (
            "F1Score",
            "FallOut",
            "FalseDiscoveryRate",
            "FalseOmissionRate",
            "FNR",
            "FowlkesMallowsIndex",
            "FPR",
            "Informedness",
            "Markedness",
            "MissRate",
            "NegativePredictiveValue",
            "NPV",
            "PPV",
            "Precision",
            "Recall",
            "Specificity",
            "ThreatScore",
            "TNR",
            "TPR",
        ),
        _AVERAGES,
    ),
}
"""What follows from the confusion matrix: TFMA's names."""

RANKING: Final[Mapping[str, tuple[Form, ...]]] = dict.fromkeys(
    # The key of TFMA 0.52 for an average that is weighted is another than its thresholds look for.
    ("AUC", "AUCPrecisionRecall"),
    (Form.MACRO, Form.MICRO, Form.EACH_CLASS),
)
"""What TFMA measures of the probabilities of each class, at a cost."""

OF_ROWS: Final[Mapping[str, tuple[Form, ...]]] = {
    CALIBRATION_ERROR: (Form.ALL_ROWS,),
    CROSS_ENTROPY: (Form.ALL_ROWS, Form.EACH_CLASS),
    TOP_K: (Form.ALL_ROWS, Form.EACH_CLASS),
}
"""What is measured of all classes at once: Keras' names, and one of ours."""

FORMS: Final[Mapping[str, tuple[Form, ...]]] = {**ONE_VERSUS_REST, **RANKING, **OF_ROWS}
"""All of them, and of what each may be measured."""


class MetricThreshold(BaseModel):
    """A metric and its bounds; without a bound it is measured and shown."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    metric: str
    average: Literal["macro", "micro", "weighted"] | None = None
    each_class: bool = False
    top_k: int | None = Field(None, ge=1)
    at_least: float | None = None
    at_most: float | None = None
    max_drop: float | None = Field(None, ge=0)
    max_rise: float | None = Field(None, ge=0)

    @property
    def form(self) -> Form:
        """What the metric is measured of."""
        if self.each_class:
            return Form.EACH_CLASS
        return Form(f"average: {self.average}") if self.average else Form.ALL_ROWS

    @property
    def is_error(self) -> bool:
        """Whether a lower value is a better one."""
        return self.metric in _ERRORS

    @property
    def identity(self) -> tuple[str, Form, int | None]:
        """What tells it from others, whatever the bounds are."""
        return self.metric, self.form, self.top_k

    @model_serializer(mode="wrap")
    def _without_what_was_not_asked_for(self, serialize: SerializerFunctionWrapHandler) -> Any:
        values = serialize(self).items()
        return {name: value for name, value in values if value is not None and value is not False}

    def __repr_args__(self) -> Any:
        return self.model_dump().items()

    @field_validator("metric")
    @classmethod
    def _is_known(cls, metric: str) -> str:
        if metric not in FORMS:
            raise ValueError(
                f"expected one of {', '.join(sorted(FORMS))}. Accuracy has keys of its own: "
                "thresholds.accuracy and thresholds.class_accuracy"
            )
        return metric

    @model_validator(mode="after")
    def _can_be_measured(self) -> Self:
        if self.average and self.each_class:
            raise ValueError("expected average or each_class, received both. Make it two entries")
        if self.form not in FORMS[self.metric]:
            raise ValueError(
                f"{self.metric} is measured with {' or '.join(FORMS[self.metric])}, received "
                f"{self.form}"
            )
        if (self.metric == TOP_K) != (self.top_k is not None):
            raise ValueError(
                f"top_k belongs to {TOP_K}, and says among how many answers the label may be; "
                f"received {self.top_k} for {self.metric}"
            )
        return self

    @model_validator(mode="after")
    def _can_be_held(self) -> Self:
        for bound, value in (("at_least", self.at_least), ("at_most", self.at_most)):
            if value is not None and value > 1 and self.metric != CROSS_ENTROPY:
                raise ValueError(f"{bound}: {self.metric} is at most 1, received {value:g}")
        wrong, right = ("max_drop", "max_rise") if self.is_error else ("max_rise", "max_drop")
        if getattr(self, wrong) is not None:
            better = "lower" if self.is_error else "higher"
            raise ValueError(f"{self.metric} is better if {better}: set {right}, not {wrong}")
        least, most = self.at_least, self.at_most
        if least is not None and most is not None and least > most:
            raise ValueError(f"expected at_least below at_most, received {least} and {most}")
        return self


def each_once(entries: tuple[MetricThreshold, ...]) -> tuple[MetricThreshold, ...]:
    """Refuses what TFMA would measure twice under one name.

    Raises:
      ValueError: Two entries are of the same metric, measured of the same.
    """
    for number, entry in enumerate(entries):
        first = next(i for i, each in enumerate(entries) if each.identity == entry.identity)
        if first != number:
            raise ValueError(
                f"entries {first} and {number} are both of {entry.metric} with {entry.form}. Put "
                "all of its bounds into one"
            )
    return entries
