"""What the Evaluator measures, and what a model must reach to be blessed."""

from tensorflow_model_analysis.proto import config_pb2

from components.evaluation.result import ACCURACY
from modules.features import LABEL_KEY, PROBABILITIES_KEY
from pipeline.config import Thresholds

CROSS_ENTROPY = "SparseCategoricalCrossentropy"
CONFUSION_MATRIX = "MultiClassConfusionMatrixPlot"

_OVERALL = config_pb2.SlicingSpec()
_EACH_CLASS = config_pb2.SlicingSpec(feature_keys=[LABEL_KEY])


def make_eval_config(thresholds: Thresholds) -> config_pb2.EvalConfig:
    """Returns the metrics, the slices (all rows, and each class) and the thresholds.

    Precision needs no metric of its own: the confusion matrix holds it, and the accuracy of
    a class's slice is its recall. Binarizing the metrics over ten classes instead would take
    several times the Evaluator's whole CPU time.
    """
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
                        class_name=ACCURACY,
                        per_slice_thresholds=[
                            _per_slice(
                                _OVERALL,
                                thresholds.accuracy,
                                max_drop=thresholds.max_accuracy_drop,
                            ),
                            _per_slice(_EACH_CLASS, thresholds.class_accuracy),
                        ],
                    ),
                    config_pb2.MetricConfig(class_name=CROSS_ENTROPY),
                    config_pb2.MetricConfig(class_name=CONFUSION_MATRIX),
                ]
            )
        ],
    )


def _per_slice(
    slicing_spec: config_pb2.SlicingSpec, lower_bound: float, max_drop: float | None = None
) -> config_pb2.PerSliceMetricThreshold:
    threshold = config_pb2.MetricThreshold(
        value_threshold=config_pb2.GenericValueThreshold(lower_bound={"value": lower_bound})
    )
    if max_drop is not None:  # against the baseline; TFMA leaves it out where there is none
        threshold.change_threshold.direction = config_pb2.MetricDirection.HIGHER_IS_BETTER
        threshold.change_threshold.absolute.value = -max_drop
    return config_pb2.PerSliceMetricThreshold(slicing_specs=[slicing_spec], threshold=threshold)
