"""Pairs each threshold with the values that it is for, and with what TFMA decided on them."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from tensorflow_model_analysis.proto import config_pb2, validation_result_pb2
from tensorflow_model_analysis.slicer import slicer_lib

from components.evaluation.checks import Check
from components.evaluation.measured import MeasuredSlice, SliceKey, number_of, read_slice_key
from components.evaluation.naming import EXAMPLE_COUNT_NAME, name_slice, name_slices
from components.evaluation.thresholds import Threshold, list_thresholds

_Failure: TypeAlias = validation_result_pb2.ValidationFailure
_Identity: TypeAlias = tuple[bytes, bytes]


def list_checks(
    slices: Sequence[MeasuredSlice],
    eval_config: config_pb2.EvalConfig,
    result: validation_result_pb2.ValidationResult,
) -> Iterator[Check]:
    """Yields a check for each bound of each threshold in each of its slices.

    TFMA alone decides what passed, and all that it refused is among the checks: also a threshold
    whose slices have no rows, and one whose metric was not measured.

    Args:
      slices: What was measured.
      eval_config: The thresholds, as the Evaluator applied them.
      result: What TFMA decided.
    """
    failures = _index_failures(result)
    missing = {
        slicer_lib.deserialize_slice_spec(spec)
        for spec in (*result.missing_slices, *result.missing_cross_slices)
    }
    judged: set[tuple[SliceKey, _Identity]] = set()
    thresholds = list_thresholds(eval_config)
    for threshold in thresholds:
        own = [measured for measured in slices if threshold.applies_to(measured.key)]
        for measured in own:
            place = (measured.key, threshold.identity)
            # Two specifications may ask for the same of one slice; TFMA tells it once, too.
            if place not in judged:
                judged.add(place)
                yield from _judge(threshold, measured, failures.get(place))
        is_told = any((measured.key, threshold.identity) in failures for measured in own)
        if not is_told and threshold.hashable_spec in missing:
            yield from _refuse_missing(threshold, eval_config, is_measured=bool(own))
    # A metric that a slice lacks fails every threshold of it there, whichever slices that is for.
    told = {identity for key, identity in judged if (key, identity) in failures}
    for threshold in thresholds:
        for key, identity in failures:
            if identity == threshold.identity and identity not in told:
                told.add(identity)
                yield from _refuse(threshold, name_slice(key), rows=None)


def _index_failures(
    result: validation_result_pb2.ValidationResult,
) -> dict[tuple[SliceKey, _Identity], _Failure]:
    """Returns the failures by slice, metric and threshold: one alone says too little."""
    return {
        (read_slice_key(validation), _identify(failure)): failure
        for validation in result.metric_validations_per_slice
        for failure in validation.failures
    }


def _identify(failure: _Failure) -> _Identity:
    """Returns what `Threshold.identity` says of the threshold that failed."""
    threshold = failure.metric_threshold
    content = (
        threshold.change_threshold
        if threshold.HasField("change_threshold")
        else threshold.value_threshold
    )
    return (
        failure.metric_key.SerializeToString(deterministic=True),
        content.SerializeToString(deterministic=True),
    )


def _judge(
    threshold: Threshold, measured: MeasuredSlice, failure: _Failure | None
) -> Iterator[Check]:
    """Yields a check for each bound of a threshold in a slice that has rows."""
    value = measured.value_of(threshold.key)
    if value is None and failure is not None and failure.HasField("metric_value"):
        value = number_of(failure.metric_value)
    baseline = threshold.baseline_value(measured)
    bounds = list(threshold.bounds(value, baseline))
    # A threshold fails as a whole. Of two bounds, those fail that do not hold.
    blamed = [bound for bound in bounds if not bound.holds()] or bounds
    for bound in bounds:
        yield Check(
            metric=bound.metric,
            slice=name_slice(measured.key),
            value=bound.value,
            bound=bound.bound,
            is_upper_bound=bound.is_upper,
            passed=failure is None or bound not in blamed,
            rows=measured.rows,
            baseline=None if threshold.key.is_diff else baseline,
        )


def _refuse_missing(
    threshold: Threshold, eval_config: config_pb2.EvalConfig, *, is_measured: bool
) -> Iterator[Check]:
    """Yields a check for each bound of a threshold whose slices TFMA calls missing.

    It does if it held nothing against the threshold there, for whatever reason.
    """
    where = name_slices(threshold.spec)
    if is_measured:
        # TFMA 0.48 calls each comparison of slices missing.
        where = f"{where} (TFMA blesses no model by a comparison of slices)"
    rows = 0 if threshold.is_sliced_by(eval_config.slicing_specs) else None
    yield from _refuse(threshold, where, rows=rows)


def _refuse(threshold: Threshold, slice_name: str, *, rows: int | None) -> Iterator[Check]:
    """Yields a check for each bound of a threshold that there is no value for."""
    is_count = threshold.key.name == EXAMPLE_COUNT_NAME and not threshold.key.is_diff
    for bound in threshold.bounds(value=rows if is_count else None, baseline=None):
        yield Check(
            metric=bound.metric,
            slice=slice_name,
            value=bound.value,
            bound=bound.bound,
            is_upper_bound=bound.is_upper,
            passed=False,
            rows=rows,
        )
