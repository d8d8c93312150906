"""Reads the metrics that TFMA wrote: a number for each metric of each slice."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics.metric_types import MetricKey
from tensorflow_model_analysis.proto import metrics_for_slice_pb2, validation_result_pb2
from tensorflow_model_analysis.slicer import slicer_lib

from components.evaluation.checks import ACCURACY
from components.evaluation.naming import EXAMPLE_COUNT_NAME, name_metric
from components.numeric_order import by_number

SliceKey: TypeAlias = tuple[Any, ...]
"""TFMA's name of a slice: pairs of a column and its value, or two such names that are compared."""

_OfSlice: TypeAlias = (
    metrics_for_slice_pb2.MetricsForSlice | validation_result_pb2.MetricsValidationForSlice
)


@dataclass(frozen=True)
class MeasuredSlice:
    """The metrics of the rows of one slice.

    Attributes:
      key: TFMA's name of the slice.
      metrics: Every metric that is a number, with its key; of candidate and baseline.
    """

    key: SliceKey
    metrics: tuple[tuple[metrics_for_slice_pb2.MetricKey, float], ...]

    @property
    def is_overall(self) -> bool:
        """Whether the slice is all rows."""
        return self.key == ()

    @property
    def order(self) -> tuple[bool, list[tuple[str, Any]]]:
        """Sorts all rows first, label 10 after label 9, and pairs of slices last."""
        is_cross = slicer_lib.is_cross_slice_key(self.key)
        singles = [*self.key[0], *self.key[1]] if is_cross else self.key
        return is_cross, [(column, by_number(value)) for column, value in singles]

    @property
    def rows(self) -> int | None:
        """How many rows there are; None if they were not counted, or two slices are compared."""
        if slicer_lib.is_cross_slice_key(self.key):
            return None
        counts = (value for key, value in self.metrics if key.name == EXAMPLE_COUNT_NAME)
        count = next(counts, None)
        return None if count is None else round(count)

    def value_of(self, key: MetricKey) -> float | None:
        """Returns the number, None if the metric was not measured or is none."""
        wanted = key.to_proto()
        return next((value for found, value in self.metrics if found == wanted), None)

    def name_metrics(self, *, is_baseline: bool) -> dict[str, float]:
        """Returns the metrics of candidate or baseline, by what a person calls them."""
        own = [
            (key.name, name_metric(key), value)
            for key, value in self.metrics
            if not key.is_diff
            and (key.model_name == tfma.BASELINE_KEY) == is_baseline
            and key.name != EXAMPLE_COUNT_NAME
        ]
        # Accuracy comes first, and one metric of many classes by their numbers.
        own.sort(key=lambda each: (each[1] != ACCURACY, each[0], by_number(each[1])))
        return {name: value for _, name, value in own}


def read_slices(evaluation_uri: str) -> Iterator[MeasuredSlice]:
    """Yields what was measured of each slice, under an Evaluator's `evaluation` artifact."""
    for metrics in tfma.load_metrics(evaluation_uri):
        numbers = ((entry.key, number_of(entry.value)) for entry in metrics.metric_keys_and_values)
        yield MeasuredSlice(
            key=read_slice_key(metrics),
            metrics=tuple((key, value) for key, value in numbers if value is not None),
        )


def read_slice_key(message: _OfSlice) -> SliceKey:
    """Returns the slice, or the two that are compared, which `message` is about."""
    if message.HasField("cross_slice_key"):
        pair = slicer_lib.deserialize_cross_slice_key(message.cross_slice_key)
        return tuple(_restore_floats(key) for key in pair)
    return _restore_floats(slicer_lib.deserialize_slice_key(message.slice_key))


def _restore_floats(key: SliceKey) -> SliceKey:
    """Undoes that TFMA stores the value of a column in 32 bits: 0.1 would be another slice."""
    return tuple(
        (column, float(str(np.float32(value))) if isinstance(value, float) else value)
        for column, value in key
    )


def number_of(value: metrics_for_slice_pb2.MetricValue) -> float | None:
    """Returns a metric that is a number, also one with a confidence interval; else None."""
    kind = value.WhichOneof("type")
    if kind == "double_value":
        return value.double_value.value
    if kind == "bounded_value":
        return value.bounded_value.value.value
    return None
