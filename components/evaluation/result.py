"""Reads what the Evaluator found: its metrics, their bounds, and whether each held."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import (
    config_pb2,
    metrics_for_slice_pb2,
    validation_result_pb2,
)
from tensorflow_model_analysis.writers.eval_config_writer import load_eval_run

from components.evaluation.checks import Check

ACCURACY = "SparseCategoricalAccuracy"
ACCURACY_NAME = "sparse_categorical_accuracy"
CROSS_ENTROPY_NAME = "sparse_categorical_crossentropy"
ACCURACY_CHANGE = "accuracy change"
_OVERALL = "all"
_METRIC_NAMES = {ACCURACY_NAME: "accuracy", CROSS_ENTROPY_NAME: "cross_entropy"}


class _Value(NamedTuple):
    """One metric of one slice.

    Attributes:
      name: TFMA's name of it.
      slice: The rows that it is of.
      is_change: Whether it is the candidate's change to the baseline.
      is_baseline: Whether it is the baseline's own.
      value: The number.
    """

    name: str
    slice: str
    is_change: bool
    is_baseline: bool
    value: float


@dataclass(frozen=True, kw_only=True)
class EvaluationResult:
    """What an Evaluator run measured on the test split.

    Attributes:
      metrics: Metrics over all rows, by name: `accuracy` and `cross_entropy`.
      checks: Every threshold with its value, of each class that has rows; the change against the
        baseline only if there was one.
      baseline_metrics: The same metrics of the baseline, on the same rows; empty if there was none.
    """

    metrics: dict[str, float]
    checks: tuple[Check, ...]
    baseline_metrics: dict[str, float] = field(default_factory=dict)

    @property
    def has_baseline(self) -> bool:
        """Whether there was an earlier blessed model to compare with."""
        return any(check.metric == ACCURACY_CHANGE for check in self.checks)


def read_evaluation(evaluation_uri: str) -> EvaluationResult:
    """Reads the files under an Evaluator's `evaluation` artifact.

    TFMA's own validation result decides whether a check passed; nothing is judged again here. The
    bounds are those that were applied, also where a later run with others reuses the evaluation.
    """
    measured = list(_read_values(evaluation_uri))
    accuracies = {
        (value.slice, value.is_change): value.value
        for value in measured
        if value.name == ACCURACY_NAME and not value.is_baseline
    }
    baseline_accuracies = {
        value.slice: value.value
        for value in measured
        if value.name == ACCURACY_NAME and value.is_baseline
    }
    eval_config, *_ = load_eval_run(evaluation_uri)
    failures = _failures(tfma.load_validation_result(evaluation_uri))
    return EvaluationResult(
        metrics=_overall_metrics(measured, is_baseline=False),
        checks=tuple(_checks(accuracies, baseline_accuracies, _bounds(eval_config), failures)),
        baseline_metrics=_overall_metrics(measured, is_baseline=True),
    )


def read_metrics(evaluation_uri: str) -> dict[str, float]:
    """Returns the candidate's metrics over all rows, by TFMA's names; only those that are numbers.

    Args:
      evaluation_uri: Folder of an `evaluation` artifact, whichever metrics it holds.
    """
    return {
        value.name: value.value
        for value in _read_values(evaluation_uri)
        if value.slice == _OVERALL
        and not value.is_change
        and not value.is_baseline
        and math.isfinite(value.value)
    }


def _overall_metrics(measured: Sequence[_Value], *, is_baseline: bool) -> dict[str, float]:
    return {
        _METRIC_NAMES[value.name]: value.value
        for value in measured
        if value.name in _METRIC_NAMES
        and value.slice == _OVERALL
        and not value.is_change
        and value.is_baseline == is_baseline
    }


def _checks(
    accuracies: Mapping[tuple[str, bool], float],
    baseline_accuracies: Mapping[str, float],
    bounds: Mapping[tuple[bool, bool], float],
    failures: set[tuple[str, bool]],
) -> Iterator[Check]:
    """Yields a check for each accuracy that has a bound: of all rows, each class, the change."""
    for key in sorted(accuracies, key=lambda key: (key[1], key[0] != _OVERALL, key[0])):
        slice_name, is_change = key
        bound = bounds.get((slice_name != _OVERALL, is_change))
        if bound is not None:
            yield Check(
                metric=ACCURACY_CHANGE if is_change else "accuracy",
                slice=slice_name,
                value=accuracies[key],
                bound=bound,
                passed=key not in failures,
                baseline=None if is_change else baseline_accuracies.get(slice_name),
            )


def _bounds(eval_config: config_pb2.EvalConfig) -> dict[tuple[bool, bool], float]:
    """Returns the bounds of the accuracy by (is it that of a class, is it a change)."""
    bounds = {}
    for per_slice in _accuracy_thresholds(eval_config):
        threshold = per_slice.threshold
        for slicing_spec in per_slice.slicing_specs:
            is_class = bool(slicing_spec.feature_keys)
            if threshold.value_threshold.HasField("lower_bound"):
                bounds[is_class, False] = threshold.value_threshold.lower_bound.value
            if threshold.change_threshold.HasField("absolute"):
                bounds[is_class, True] = threshold.change_threshold.absolute.value
    return bounds


def _accuracy_thresholds(
    eval_config: config_pb2.EvalConfig,
) -> Iterator[config_pb2.PerSliceMetricThreshold]:
    for spec in eval_config.metrics_specs:
        for metric in spec.metrics:
            if metric.class_name == ACCURACY:
                yield from metric.per_slice_thresholds


def _read_values(evaluation_uri: str) -> Iterator[_Value]:
    """Yields every metric that is a number."""
    for metrics in tfma.load_metrics(evaluation_uri):
        for entry in metrics.metric_keys_and_values:
            if entry.value.HasField("double_value"):
                yield _Value(
                    name=entry.key.name,
                    slice=_slice_name(metrics.slice_key),
                    is_change=entry.key.is_diff,
                    is_baseline=entry.key.model_name == tfma.BASELINE_KEY,
                    value=entry.value.double_value.value,
                )


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
