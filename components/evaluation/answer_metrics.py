"""Metrics of the class that a model answers, for TFMA.

TFMA takes each class for a question of its own, answered with yes from a probability of 0.5 on. Of
several classes the model answers the most probable one, also where that is below 0.5: F1, precision
and recall are then others.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from tensorflow_model_analysis.metrics import metric_types, metric_util
from tensorflow_model_analysis.metrics.calibration_histogram import calibration_histogram
from tensorflow_model_analysis.metrics.multi_class_confusion_matrix_metrics import MatrixEntryKey
from tensorflow_model_analysis.proto import config_pb2

from components.evaluation.row_counts import RowCounts, derive_from_counts

CONFIDENCE_BUCKETS: Final = 10
"""So many groups of rows, by how sure the model is of its answer."""


class OneVersusRest(metric_types.Metric):
    """A metric of TFMA's of one class against all others, or its average over classes.

    It follows from the confusion matrix, which is counted anyway: it costs next to nothing.
    """

    def __init__(
        self,
        metric: str,
        average: str = "",
        classes: Sequence[int] = (),
        name: str | None = None,
    ) -> None:
        """Initializes the metric.

        Args:
          metric: TFMA's class, one that is made of true and false positives and negatives.
          average: "macro", "micro" or "weighted" by the rows of each class; without, the metric is
            of the classes that its `MetricsSpec` binarizes by.
          classes: Those that the average is over.
          name: By default TFMA's name of the metric, and of what average it is.
        """
        own_name = metric_types.registered_metrics()[metric]().name
        super().__init__(
            metric_util.merge_per_key_computations(_of_confusion_matrix),
            metric=metric,
            average=average,
            classes=classes,
            name=name or (f"{own_name} ({average} average)" if average else own_name),
        )


class ExpectedCalibrationError(metric_types.Metric):
    """How far the model's confidence is from its accuracy, 0 to 1: the mean over groups of rows.

    The groups are of about equal confidence, which is the probability of the answer. TFMA's
    Calibration compares sums of probabilities instead, and is 1 for any model of several classes.
    """

    def __init__(self, name: str = "expected_calibration_error") -> None:
        """Initializes the metric."""
        super().__init__(metric_util.merge_per_key_computations(_of_confidence), name=name)


class _Counts(NamedTuple):
    """True and false positives and negatives of a class."""

    tp: float
    tn: float
    fp: float
    fn: float


def _of_confusion_matrix(  # noqa: PLR0913, PLR0917 - TFMA passes them by these names
    metric: str,
    average: str,
    classes: Sequence[int],
    name: str,
    eval_config: config_pb2.EvalConfig | None = None,
    model_name: str = "",
    output_name: str = "",
    sub_key: metric_types.SubKey | None = None,
    example_weighted: bool = False,  # noqa: FBT001, FBT002
) -> metric_types.MetricComputations:
    key = metric_types.MetricKey(
        name=name,
        model_name=model_name,
        output_name=output_name,
        sub_key=sub_key,
        example_weighted=example_weighted,
    )
    formula = metric_types.registered_metrics()[metric]().result

    def measure(counts: RowCounts) -> float:
        if sub_key is not None:
            return float(formula(*_count(counts.matrix, sub_key.class_id)))
        of_classes = [_count(counts.matrix, class_id) for class_id in classes]
        if average == "micro":
            return float(formula(*np.sum(of_classes, axis=0)))
        weights = [each.tp + each.fn if average == "weighted" else 1.0 for each in of_classes]
        if not sum(weights):
            return float("nan")
        return float(np.average([formula(*each) for each in of_classes], weights=weights))

    return derive_from_counts(key, measure, eval_config)


def _count(matrix: Mapping[MatrixEntryKey, float], class_id: int) -> _Counts:
    """Returns the counts of a class, from the rows by actual and by answered class."""
    tp = matrix.get(MatrixEntryKey(class_id, class_id), 0.0)
    fn = sum(rows for (actual, _), rows in matrix.items() if actual == class_id) - tp
    fp = sum(rows for (_, answer), rows in matrix.items() if answer == class_id) - tp
    return _Counts(tp=tp, tn=sum(matrix.values()) - tp - fn - fp, fp=fp, fn=fn)


def _of_confidence(
    name: str,
    eval_config: config_pb2.EvalConfig | None = None,
    model_name: str = "",
    output_name: str = "",
    example_weighted: bool = False,  # noqa: FBT001, FBT002 - TFMA passes it
) -> metric_types.MetricComputations:
    histogram = calibration_histogram(
        num_buckets=CONFIDENCE_BUCKETS,
        eval_config=eval_config,
        model_name=model_name,
        output_name=output_name,
        sub_key=metric_types.SubKey(k=1),
        example_weighted=example_weighted,
    )
    [histogram_key] = histogram[-1].keys
    key = metric_types.MetricKey(
        name=name,
        model_name=model_name,
        output_name=output_name,
        example_weighted=example_weighted,
    )

    def result(metrics: dict[metric_types.MetricKey, Any]) -> dict[metric_types.MetricKey, float]:
        rows, gaps = 0.0, np.zeros(CONFIDENCE_BUCKETS + 1)
        for bucket in metrics[histogram_key]:
            rows += bucket.weighted_examples
            # A probability of exactly 1 is in a bucket of its own, after the last.
            number = min(bucket.bucket_id, CONFIDENCE_BUCKETS)
            gaps[number] += bucket.weighted_predictions - bucket.weighted_labels
        return {key: float(np.abs(gaps).sum() / rows) if rows else float("nan")}

    return [*histogram, metric_types.DerivedMetricComputation(keys=[key], result=result)]
