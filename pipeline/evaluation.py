"""What the Evaluator measures, and what a model must reach to be blessed."""

from collections.abc import Sequence

from tensorflow_model_analysis.proto import config_pb2

from components.evaluation.naming import ACCURACY_CLASS, EXAMPLE_COUNT_CLASS
from modules.features import LABEL_KEY, PROBABILITIES_KEY
from pipeline.config import Thresholds

CROSS_ENTROPY = "SparseCategoricalCrossentropy"
CONFUSION_MATRIX = "MultiClassConfusionMatrixPlot"

_OVERALL = config_pb2.SlicingSpec()
_EACH_CLASS = config_pb2.SlicingSpec(feature_keys=[LABEL_KEY])


def make_eval_config(thresholds: Thresholds, classes: Sequence[int]) -> config_pb2.EvalConfig:
    """Returns the metrics, the slices (all rows, and each class) and the thresholds.

    Precision needs no metric of its own: the confusion matrix holds it, and the accuracy of
    a class's slice is its recall. Binarizing the metrics over ten classes instead would take
    several times the Evaluator's whole CPU time.

    Args:
      thresholds: The bounds.
      classes: Each of them must have rows. TFMA refuses a model for a slice that a threshold names
        by its value and that is not there; a slice "each class" is never missed.
    """
    each_class = [
        config_pb2.SlicingSpec(feature_values={LABEL_KEY: str(label)}) for label in classes
    ]
    return config_pb2.EvalConfig(
        model_specs=[
            config_pb2.ModelSpec(
                signature_name="serving_default",
                label_key=LABEL_KEY,
                prediction_key=PROBABILITIES_KEY,
            )
        ],
        slicing_specs=[_OVERALL, _EACH_CLASS],
        metrics_specs=[
            config_pb2.MetricsSpec(
                metrics=[
                    # A plain `threshold` would hold every slice to the overall bound.
                    config_pb2.MetricConfig(
                        class_name=ACCURACY_CLASS,
                        per_slice_thresholds=[
                            _at_least(
                                thresholds.accuracy,
                                [_OVERALL],
                                max_drop=thresholds.max_accuracy_drop,
                            ),
                            _at_least(thresholds.class_accuracy, each_class),
                        ],
                    ),
                    config_pb2.MetricConfig(class_name=CROSS_ENTROPY),
                    config_pb2.MetricConfig(class_name=CONFUSION_MATRIX),
                    config_pb2.MetricConfig(
                        class_name=EXAMPLE_COUNT_CLASS,
                        per_slice_thresholds=[
                            _at_least(thresholds.min_rows, [_OVERALL, *each_class])
                        ],
                    ),
                ]
            )
        ],
    )


def _at_least(
    lower_bound: float,
    slicing_specs: Sequence[config_pb2.SlicingSpec],
    max_drop: float | None = None,
) -> config_pb2.PerSliceMetricThreshold:
    threshold = config_pb2.MetricThreshold(
        value_threshold=config_pb2.GenericValueThreshold(lower_bound={"value": lower_bound})
    )
    if max_drop is not None:  # against the baseline; TFMA leaves it out where there is none
        threshold.change_threshold.direction = config_pb2.MetricDirection.HIGHER_IS_BETTER
        threshold.change_threshold.absolute.value = -max_drop
    return config_pb2.PerSliceMetricThreshold(slicing_specs=slicing_specs, threshold=threshold)
