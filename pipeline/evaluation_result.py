"""Reads what the Evaluator found: each metric with its bound, and whether it held."""

from dataclasses import dataclass

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import metrics_for_slice_pb2, validation_result_pb2

from pipeline.checks import Check
from pipeline.config import Thresholds

ACCURACY_NAME = "sparse_categorical_accuracy"
CROSS_ENTROPY_NAME = "sparse_categorical_crossentropy"
ACCURACY_CHANGE = "accuracy change"
_OVERALL = "all"


@dataclass(frozen=True, kw_only=True)
class EvaluationResult:
    """What an Evaluator run measured on the test split.

    Attributes:
      metrics: Metrics over all rows, by name: `accuracy` and `cross_entropy`.
      class_accuracy: Accuracy (recall) of each class that has rows, by slice name.
      checks: Every threshold with its value; the change against the baseline only if there
        was one.
    """

    metrics: dict[str, float]
    class_accuracy: dict[str, float]
    checks: tuple[Check, ...]

    @property
    def has_baseline(self) -> bool:
        """Whether there was an earlier blessed model to compare with."""
        return any(check.metric == ACCURACY_CHANGE for check in self.checks)


def read_evaluation(evaluation_uri: str, thresholds: Thresholds) -> EvaluationResult:
    """Reads the files under an Evaluator's `evaluation` artifact.

    TFMA's own validation result decides whether a check passed; nothing is judged again here.
    """
    values = _metric_values(evaluation_uri)
    failures = _failures(tfma.load_validation_result(evaluation_uri))
    accuracies = {
        slice_name: value
        for (name, slice_name, is_diff), value in values.items()
        if name == ACCURACY_NAME and not is_diff
    }
    overall = accuracies.pop(_OVERALL)
    checks = [
        _check("accuracy", _OVERALL, overall, thresholds.accuracy, failures),
        *(
            _check("accuracy", slice_name, value, thresholds.class_accuracy, failures)
            for slice_name, value in sorted(accuracies.items())
        ),
    ]
    change = values.get((ACCURACY_NAME, _OVERALL, True))
    if change is not None:
        checks.append(
            _check(ACCURACY_CHANGE, _OVERALL, change, -thresholds.max_accuracy_drop, failures)
        )
    return EvaluationResult(
        metrics={
            "accuracy": overall,
            "cross_entropy": values[CROSS_ENTROPY_NAME, _OVERALL, False],
        },
        class_accuracy=accuracies,
        checks=tuple(checks),
    )


def _check(
    metric: str, slice_name: str, value: float, bound: float, failures: set[tuple[str, bool]]
) -> Check:
    is_change = metric == ACCURACY_CHANGE
    return Check(
        metric=metric,
        slice=slice_name,
        value=value,
        bound=bound,
        passed=(slice_name, is_change) not in failures,
    )


def _metric_values(evaluation_uri: str) -> dict[tuple[str, str, bool], float]:
    """Returns the candidate's scalar metrics by (name, slice, is it a change to the baseline)."""
    return {
        (entry.key.name, _slice_name(metrics.slice_key), entry.key.is_diff): (
            entry.value.double_value.value
        )
        for metrics in tfma.load_metrics(evaluation_uri)
        for entry in metrics.metric_keys_and_values
        if entry.value.HasField("double_value") and entry.key.model_name != "baseline"
    }


def _failures(result: validation_result_pb2.ValidationResult | None) -> set[tuple[str, bool]]:
    """Returns (slice, is it a change to the baseline) of every threshold that did not hold."""
    if result is None:
        return set()
    return {
        (_slice_name(validation.slice_key), failure.metric_key.is_diff)
        for validation in result.metric_validations_per_slice
        for failure in validation.failures
    }


def _slice_name(key: metrics_for_slice_pb2.SliceKey) -> str:
    parts = []
    for single in key.single_slice_keys:
        value = getattr(single, single.WhichOneof("kind"))
        parts.append(f"{single.column} {value.decode() if isinstance(value, bytes) else value}")
    return ", ".join(parts) or _OVERALL
