"""What is measured of every model: metrics of Keras and TFMA, by their names, from one count.

They take the place of `SparseCategoricalAccuracy` and `SparseCategoricalCrossentropy` of Keras, and
of `MultiClassConfusionMatrixPlot` and `ExampleCount` of TFMA, and their results have the same keys:
who reads an evaluation need not know which it was.
"""

from collections.abc import Callable
from typing import Any

from tensorflow_model_analysis.metrics import metric_types, metric_util
from tensorflow_model_analysis.metrics.multi_class_confusion_matrix_metrics import Matrices
from tensorflow_model_analysis.metrics.multi_class_confusion_matrix_plot import (
    MULTI_CLASS_CONFUSION_MATRIX_PLOT_NAME,
)
from tensorflow_model_analysis.proto import config_pb2

from components.evaluation.naming import ACCURACY_NAME, CROSS_ENTROPY_NAME, EXAMPLE_COUNT_NAME
from components.evaluation.row_counts import RowCounts, derive_from_counts

_THRESHOLD = 0.0  # of the only confusion matrix: each row has the answer that is most probable


class SparseCategoricalAccuracy(metric_types.Metric):
    """The share of rows whose label the model gives the highest probability, 0 to 1."""

    def __init__(self, name: str = ACCURACY_NAME) -> None:
        """Initializes the metric."""
        super().__init__(_from_counts(lambda counts: _divide(counts.right, counts.rows)), name=name)


class SparseCategoricalCrossentropy(metric_types.Metric):
    """The mean of minus the logarithm of the label's probability, in nats."""

    def __init__(self, name: str = CROSS_ENTROPY_NAME) -> None:
        """Initializes the metric."""
        super().__init__(_from_counts(lambda counts: _divide(counts.loss, counts.rows)), name=name)


class RowCount(metric_types.Metric):
    """The number of rows."""

    def __init__(self, name: str = EXAMPLE_COUNT_NAME) -> None:
        """Initializes the metric."""
        super().__init__(_from_counts(lambda counts: counts.rows), name=name)


class AnswersPlot(metric_types.Metric):
    """How many rows have this label and this answer."""

    def __init__(self, name: str = MULTI_CLASS_CONFUSION_MATRIX_PLOT_NAME) -> None:
        """Initializes the metric."""
        super().__init__(_from_counts(_plot, metric_types.PlotKey), name=name)


def _from_counts(
    formula: Callable[[RowCounts], Any],
    make_key: type[metric_types.MetricKey] = metric_types.MetricKey,
) -> Callable[..., metric_types.MetricComputations]:
    """Returns the function of a metric that TFMA calls for its computations."""

    def make_computations(
        name: str,
        eval_config: config_pb2.EvalConfig | None = None,
        model_name: str = "",
        output_name: str = "",
        example_weighted: bool = False,  # noqa: FBT001, FBT002 - TFMA passes it
    ) -> metric_types.MetricComputations:
        key = make_key(
            name=name,
            model_name=model_name,
            output_name=output_name,
            example_weighted=example_weighted,
        )
        return derive_from_counts(key, formula, eval_config)

    return metric_util.merge_per_key_computations(make_computations)


def _divide(total: float, rows: float) -> float:
    return total / rows if rows else float("nan")


def _plot(counts: RowCounts) -> Any:
    matrices = Matrices({_THRESHOLD: counts.matrix})
    return matrices.to_proto().multi_class_confusion_matrix_at_thresholds
