"""What the Evaluator measures, and what a model must reach to be blessed."""

import json
from collections.abc import Iterator, Sequence

from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.proto import config_pb2

from components.evaluation.answer_metrics import ExpectedCalibrationError, OneVersusRest
from components.evaluation.row_metrics import (
    AnswersPlot,
    RowCount,
    SparseCategoricalAccuracy,
    SparseCategoricalCrossentropy,
)
from modules.features import LABEL_KEY, PROBABILITIES_KEY
from pipeline.config import Thresholds
from pipeline.metrics import (
    CALIBRATION_ERROR,
    OF_ROWS,
    ONE_VERSUS_REST,
    Form,
    MetricThreshold,
)

_OVERALL = config_pb2.SlicingSpec()
_EACH_CLASS = config_pb2.SlicingSpec(feature_keys=[LABEL_KEY])


def make_eval_config(thresholds: Thresholds, classes: Sequence[int]) -> config_pb2.EvalConfig:
    """Returns the metrics, the slices (all rows, and each class) and the thresholds.

    Args:
      thresholds: The bounds, and the metrics that are asked for beside accuracy.
      classes: Each of them must have rows. TFMA refuses a model for a slice that a threshold names
        by its value and that is not there; a slice "each class" is never missed.
    """
    each_class = [
        config_pb2.SlicingSpec(feature_values={LABEL_KEY: str(label)}) for label in classes
    ]
    eval_config = config_pb2.EvalConfig(
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
                    _measure(
                        SparseCategoricalAccuracy,
                        per_slice_thresholds=[
                            _at_least(
                                thresholds.accuracy,
                                [_OVERALL],
                                max_drop=thresholds.max_accuracy_drop,
                            ),
                            _at_least(thresholds.class_accuracy, each_class),
                        ],
                    ),
                    _measure(SparseCategoricalCrossentropy),
                    _measure(AnswersPlot),
                    _measure(
                        RowCount,
                        per_slice_thresholds=[
                            _at_least(thresholds.min_rows, [_OVERALL, *each_class])
                        ],
                    ),
                ]
            )
        ],
    )
    for entry in thresholds.metrics:
        if entry.metric in OF_ROWS:
            _add_to(eval_config.metrics_specs[0], entry, each_class)
        else:
            eval_config.metrics_specs.append(_spec_of_classes(entry, classes))
    return eval_config


def _measure(
    metric: type[metric_types.Metric],
    per_slice_thresholds: Sequence[config_pb2.PerSliceMetricThreshold] = (),
) -> config_pb2.MetricConfig:
    return config_pb2.MetricConfig(
        class_name=metric.__name__,
        module=metric.__module__,
        per_slice_thresholds=per_slice_thresholds,
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


def _add_to(
    spec: config_pb2.MetricsSpec,
    entry: MetricThreshold,
    each_class: Sequence[config_pb2.SlicingSpec],
) -> None:
    """Adds a metric of rows with its bounds, or the bounds to one that is measured anyway."""
    metric = config_pb2.MetricConfig(class_name=entry.metric)
    if entry.metric == CALIBRATION_ERROR:
        metric.module = ExpectedCalibrationError.__module__
    if entry.top_k is not None:
        metric.config = json.dumps({"k": entry.top_k, "name": f"top_{entry.top_k}_accuracy"})
    names = (metric.class_name, metric.config)
    own = next((each for each in spec.metrics if (each.class_name, each.config) == names), None)
    if own is None:
        own = spec.metrics.add()
        own.CopyFrom(metric)
    slices = each_class if entry.each_class else [_OVERALL]
    own.per_slice_thresholds.extend(_list_bounds(entry, slices))


def _spec_of_classes(entry: MetricThreshold, classes: Sequence[int]) -> config_pb2.MetricsSpec:
    """Returns the specification of a metric of each class, or of its average over classes."""
    bounds = list(_list_bounds(entry, [_OVERALL]))
    metric = config_pb2.MetricConfig(class_name=entry.metric, per_slice_thresholds=bounds)
    spec = config_pb2.MetricsSpec()
    if entry.metric in ONE_VERSUS_REST:
        metric.class_name, metric.module = OneVersusRest.__name__, OneVersusRest.__module__
        settings = {"average": entry.average, "classes": list(classes)} if entry.average else {}
        metric.config = json.dumps({"metric": entry.metric, **settings})
    elif entry.form == Form.MACRO:
        spec.aggregate.macro_average = True
    elif entry.form == Form.MICRO:
        spec.aggregate.micro_average = True
    if spec.HasField("aggregate"):
        spec.aggregate.class_weights.update(dict.fromkeys(classes, 1.0))
    if entry.each_class:
        spec.binarize.class_ids.values.extend(classes)
    spec.metrics.append(metric)
    return spec


def _list_bounds(
    entry: MetricThreshold, slicing_specs: Sequence[config_pb2.SlicingSpec]
) -> Iterator[config_pb2.PerSliceMetricThreshold]:
    value = config_pb2.GenericValueThreshold()
    if entry.at_least is not None:
        value.lower_bound.value = entry.at_least
    if entry.at_most is not None:
        value.upper_bound.value = entry.at_most
    thresholds = [config_pb2.MetricThreshold(value_threshold=value)] if value.ListFields() else []
    for most, sign, direction in (
        (entry.max_drop, -1, config_pb2.MetricDirection.HIGHER_IS_BETTER),
        (entry.max_rise, 1, config_pb2.MetricDirection.LOWER_IS_BETTER),
    ):
        if most is not None:
            change = config_pb2.GenericChangeThreshold(direction=direction)
            change.absolute.value = sign * most
            thresholds.append(config_pb2.MetricThreshold(change_threshold=change))
    for threshold in thresholds:
        yield config_pb2.PerSliceMetricThreshold(slicing_specs=slicing_specs, threshold=threshold)
