"""Counts rows by label and answer, once for all metrics of TFMA that follow from that.

TFMA has a combiner for each kind of metric, and each of them looks up label and probabilities of a
row again, in every slice. Here a row is looked at once, and what goes into the slices is four
values.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import apache_beam as beam
import numpy as np
from tensorflow_model_analysis.metrics import metric_types, metric_util
from tensorflow_model_analysis.metrics.multi_class_confusion_matrix_metrics import (
    NO_PREDICTED_CLASS_ID,
    MatrixEntryKey,
)
from tensorflow_model_analysis.proto import config_pb2

_LEAST_PROBABILITY: Final = 1e-7
"""Keras' epsilon: no probability is taken to be nearer to 0 or to 1, whose logarithms end at it."""


@dataclass
class RowCounts:
    """What was counted of the rows of a slice; each row counts as much as it weighs.

    Attributes:
      rows: All of them.
      right: Those whose label the model gives the highest probability.
      loss: The sum of their cross entropies, in nats.
      matrix: How many have this label and this answer.
    """

    rows: float = 0.0
    right: float = 0.0
    loss: float = 0.0
    matrix: dict[MatrixEntryKey, float] = field(default_factory=lambda: defaultdict(float))


def derive_from_counts(
    key: metric_types.MetricKey,
    formula: Callable[[RowCounts], Any],
    eval_config: config_pb2.EvalConfig | None,
) -> metric_types.MetricComputations:
    """Returns the computations of a metric that follows from what was counted.

    TFMA counts once, however many metrics of a model's output ask for it.

    Args:
      key: The metric's; its counts are those of the same model, output and weights.
      formula: Returns the metric of a slice.
      eval_config: Says where label, probabilities and weight are.
    """
    counts_key = metric_types.MetricKey(
        name="_row_counts",
        model_name=key.model_name,
        output_name=key.output_name,
        example_weighted=key.example_weighted,
    )
    counts = metric_types.MetricComputation(
        keys=[counts_key],
        preprocessors=[_LookAtRow(eval_config, counts_key)],
        combiner=_Combiner(counts_key),
    )

    def result(metrics: dict[metric_types.MetricKey, Any]) -> dict[metric_types.MetricKey, Any]:
        return {key: formula(metrics[counts_key])}

    return [counts, metric_types.DerivedMetricComputation(keys=[key], result=result)]


class _Row(NamedTuple):
    """What a row adds to the counts."""

    entry: MatrixEntryKey
    is_right: bool
    loss: float
    weight: float


class _LookAtRow(metric_types.Preprocessor):
    """Turns the extracts of a row into what it adds to the counts."""

    def __init__(
        self, eval_config: config_pb2.EvalConfig | None, key: metric_types.MetricKey
    ) -> None:
        super().__init__(name=f"{type(self).__name__} {key}")
        self._eval_config = eval_config
        self._key = key

    def process(self, extracts: dict[str, Any]) -> Iterator[_Row]:
        """Yields one row.

        Raises:
          ValueError: It has no label, no probabilities, or a label that is none of the classes.
        """
        label, probabilities, weight = next(
            metric_util.to_label_prediction_example_weight(
                metric_types.StandardMetricInputs(extracts),
                eval_config=self._eval_config,
                model_name=self._key.model_name,
                output_name=self._key.output_name,
                example_weighted=self._key.example_weighted,
                flatten=False,
                require_single_example_weight=True,
            )
        )
        label_id = int(label.item())
        if not 0 <= label_id < probabilities.size:
            raise ValueError(
                f"A row of the evaluation: expected a label from 0 to {probabilities.size - 1}, as "
                f"many as the model gives probabilities, received {label_id}."
            )
        answer = int(probabilities.argmax())
        is_no_answer = probabilities[answer] <= 0
        clipped = probabilities.astype(np.float64).clip(_LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
        yield _Row(
            entry=MatrixEntryKey(label_id, NO_PREDICTED_CLASS_ID if is_no_answer else answer),
            is_right=answer == label_id,
            loss=float(np.log(clipped.sum() / clipped[label_id])),
            weight=float(weight.item()),
        )


class _Combiner(beam.CombineFn):
    """Adds rows up."""

    def __init__(self, key: metric_types.MetricKey) -> None:
        super().__init__()
        self._key = key

    def create_accumulator(self) -> RowCounts:
        return RowCounts()

    def add_input(self, accumulator: RowCounts, element: _Row) -> RowCounts:
        entry, is_right, loss, weight = element
        accumulator.rows += weight
        accumulator.right += weight * is_right
        accumulator.loss += weight * loss
        accumulator.matrix[entry] += weight
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[RowCounts]) -> RowCounts:
        merged = RowCounts()
        for each in accumulators:
            merged.rows += each.rows
            merged.right += each.right
            merged.loss += each.loss
            for entry, rows in each.matrix.items():
                merged.matrix[entry] += rows
        return merged

    def extract_output(self, accumulator: RowCounts) -> dict[metric_types.MetricKey, RowCounts]:
        return {self._key: accumulator}
