"""The thresholds of an EvalConfig: which slices they are for, and their bounds."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from tensorflow_model_analysis.metrics.metric_specs import metric_thresholds_from_metrics_specs
from tensorflow_model_analysis.metrics.metric_types import MetricKey
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.slicer import slicer_lib
from tensorflow_model_analysis.utils import model_util

from components.evaluation.checks import CHANGE
from components.evaluation.measured import MeasuredSlice, SliceKey
from components.evaluation.naming import name_metric

_SlicingSpec: TypeAlias = config_pb2.SlicingSpec | config_pb2.CrossSlicingSpec


class Bound(NamedTuple):
    """One bound, and what is held against it.

    Attributes:
      metric: Name of the metric, or of its change to the baseline.
      value: What the model reached; None if that was not measured.
      bound: What it must reach.
      is_upper: Whether `bound` is the most that the value may be.
    """

    metric: str
    value: float | None
    bound: float
    is_upper: bool

    def holds(self) -> bool:
        """Whether the value is on the right side, which NaN never is."""
        if self.value is None:
            return False
        return self.value <= self.bound if self.is_upper else self.value >= self.bound


@dataclass(frozen=True)
class Threshold:
    """What one metric must hold in some slices.

    Attributes:
      key: The metric of the candidate, or its difference to the baseline's.
      spec: The slices.
      content: The bounds.
      baseline_name: What the EvalConfig calls the baseline; None if it has none.
    """

    key: MetricKey
    spec: _SlicingSpec | None
    content: config_pb2.GenericValueThreshold | config_pb2.GenericChangeThreshold
    baseline_name: str | None

    @property
    def identity(self) -> tuple[bytes, bytes]:
        """What TFMA's failures name of a threshold: its metric and its bounds."""
        return (
            self.key.to_proto().SerializeToString(deterministic=True),
            self.content.SerializeToString(deterministic=True),
        )

    @property
    def hashable_spec(self) -> slicer_lib.SingleSliceSpec | slicer_lib.CrossSliceSpec:
        """The slices, so that those that mean the same are equal."""
        return slicer_lib.deserialize_slice_spec(self.spec or config_pb2.SlicingSpec())

    def is_sliced_by(self, specs: Iterable[config_pb2.SlicingSpec]) -> bool:
        """Whether one of `specs` makes these slices if there are rows of them."""
        if isinstance(self.spec, config_pb2.CrossSlicingSpec):
            return False
        own = self.spec or config_pb2.SlicingSpec()
        return any(
            {*spec.feature_keys, *spec.feature_values} == {*own.feature_keys, *own.feature_values}
            and spec.feature_values.items() <= own.feature_values.items()
            and not spec.slice_keys_sql
            for spec in specs
        )

    def applies_to(self, key: SliceKey) -> bool:
        """Whether TFMA holds that slice against it."""
        is_cross = slicer_lib.is_cross_slice_key(key)
        if isinstance(self.spec, config_pb2.CrossSlicingSpec):
            return is_cross and slicer_lib.is_cross_slice_applicable(
                cross_slice_key=key, cross_slicing_spec=self.spec
            )
        if is_cross:
            return False
        # Without slices of its own it is for every slice.
        return self.spec is None or slicer_lib.SingleSliceSpec(spec=self.spec).is_slice_applicable(
            key
        )

    def baseline_value(self, measured: MeasuredSlice) -> float | None:
        """Returns what the baseline reached in a slice; None if there was no baseline."""
        if self.baseline_name is None:
            return None
        return measured.value_of(self.key.make_baseline_key(self.baseline_name))

    def bounds(self, value: float | None, baseline: float | None) -> Iterator[Bound]:
        """Yields each bound.

        Args:
          value: The metric, or its difference to the baseline's; None if not measured.
          baseline: The baseline's; needed for relative changes only.
        """
        name, content = name_metric(self.key.to_proto()), self.content
        if isinstance(content, config_pb2.GenericValueThreshold):
            if content.HasField("lower_bound"):
                yield Bound(name, value, content.lower_bound.value, is_upper=False)
            if content.HasField("upper_bound"):
                yield Bound(name, value, content.upper_bound.value, is_upper=True)
            if not content.ListFields():
                # It only asks for a value, in a slice that must be there.
                yield Bound(name, value, -math.inf, is_upper=False)
            return
        is_upper = content.direction == config_pb2.MetricDirection.LOWER_IS_BETTER
        if content.HasField("absolute"):
            yield Bound(f"{name}{CHANGE}", value, content.absolute.value, is_upper)
        if content.HasField("relative"):
            ratio = _divide(value, baseline)
            yield Bound(f"{name} relative{CHANGE}", ratio, content.relative.value, is_upper)
        if not (content.HasField("absolute") or content.HasField("relative")):
            yield Bound(f"{name}{CHANGE}", value, -math.inf, is_upper=False)


def list_thresholds(eval_config: config_pb2.EvalConfig) -> list[Threshold]:
    """Returns the thresholds that the candidate is held to, as TFMA understands the config."""
    baseline = model_util.get_baseline_model_spec(eval_config)
    baseline_name = baseline.name if baseline else None
    thresholds = metric_thresholds_from_metrics_specs(
        eval_config.metrics_specs, eval_config=eval_config
    )
    return [
        Threshold(key, spec, content, baseline_name)
        for key, sliced in thresholds.items()
        if key.model_name != baseline_name
        for spec, content in sliced
    ]


def _divide(value: float | None, baseline: float | None) -> float | None:
    if value is None or baseline is None:
        return None
    # As TFMA does: nothing can be said of the change of so small a number.
    return math.nan if math.isclose(baseline, 0.0) else value / baseline
