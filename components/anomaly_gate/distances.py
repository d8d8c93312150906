"""The distances between two distributions that TFDV measured (no TensorFlow)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies, AnomalyInfo, DriftSkewInfo
from tensorflow_metadata.proto.v0.schema_pb2 import BETA, PRODUCTION, UNKNOWN_STAGE, Schema
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList

from components.anomaly_gate.chance import (
    find_chance_of_jensen_shannon,
    find_chance_of_l_infinity,
)
from components.anomaly_gate.next_steps import Kind
from components.anomaly_gate.report import (
    Finding,
    describe_data_set,
    describe_feature,
    feature_name,
    find_feature,
)

_L_INFINITY: Final = "L-infinity"
_JENSEN_SHANNON: Final = "Jensen-Shannon"
_MEASURE_NAMES: Final = {
    DriftSkewInfo.Measurement.L_INFTY: _L_INFINITY,
    DriftSkewInfo.Measurement.JENSEN_SHANNON_DIVERGENCE: _JENSEN_SHANNON,
    DriftSkewInfo.Measurement.NORMALIZED_ABSOLUTE_DIFFERENCE: "normalized absolute",
}
_CHANCES: Final = {
    _L_INFINITY: find_chance_of_l_infinity,
    _JENSEN_SHANNON: find_chance_of_jensen_shannon,
}
_MEASURES_OF_REASONS: Final = {
    AnomalyInfo.COMPARATOR_L_INFTY_HIGH: _L_INFINITY,
    AnomalyInfo.COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH: _JENSEN_SHANNON,
}
_VALIDATED_STAGES: Final = (UNKNOWN_STAGE, BETA, PRODUCTION)


class Comparator(StrEnum):
    """Which of a feature's two comparators in the contract judges the distance."""

    SKEW = "skew"
    DRIFT = "drift"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two statistics that were held against each other.

    Attributes:
      where: Names both, e.g. "split train against split eval".
      comparator: The comparators that judged.
      statistics: Of the data in question.
      control: What they were compared with.
      anomalies: What TFDV said, its measurements included.
    """

    where: str
    comparator: Comparator
    statistics: DatasetFeatureStatisticsList
    control: DatasetFeatureStatisticsList
    anomalies: Anomalies


@dataclass(frozen=True, kw_only=True)
class Distance:
    """The distance of one feature between two statistics, and the most that it may be.

    Attributes:
      feature: Name of the feature.
      measure: What was measured.
      value: The distance.
      threshold: What the contract says.
      by_chance: What two samples of so many rows of the same data may show; 0 if nothing is known.
    """

    feature: str
    measure: str
    value: float
    threshold: float
    by_chance: float = 0.0

    def __str__(self) -> str:
        """Says it in one line."""
        distance = f"{self.measure} distance {self.value:.4f}"
        bounds = f"threshold {self.threshold:.4f}, by chance up to {self.by_chance:.4f}"
        return f"{self.feature}: {distance}, {bounds}"

    @property
    def may_be_chance(self) -> bool:
        """Whether so few rows may show it without any difference in what they were drawn from."""
        return self.value <= self.by_chance


def read_distances(comparison: Comparison) -> list[Distance]:
    """Returns every distance that was measured, whether or not it is over its threshold."""
    return [
        _read_distance(comparison, ".".join(info.path.step), measurement)
        for info in comparison.anomalies.drift_skew_info
        for measurement in getattr(info, f"{comparison.comparator}_measurements")
    ]


def _read_distance(
    comparison: Comparison, feature: str, measurement: DriftSkewInfo.Measurement
) -> Distance:
    measure = _MEASURE_NAMES.get(measurement.type, "unnamed")
    both = [find_feature(side, feature) for side in (comparison.statistics, comparison.control)]
    find_chance = _CHANCES.get(measure)
    return Distance(
        feature=feature,
        measure=measure,
        value=measurement.value,
        threshold=measurement.threshold,
        by_chance=find_chance(*both) if find_chance and all(both) else 0.0,
    )


def find_distances(comparison: Comparison, schema: Schema) -> Iterator[Finding]:
    """Yields every distance over its threshold, and every one that could not be measured.

    A distance that chance explains, since there are so few rows, is none. TFDV validates the values
    too when it compares; those findings are ExampleValidator's.

    Args:
      comparison: Made with the contract `schema`.
      schema: The contract.
    """
    found = set()
    distances = {(each.feature, each.measure): each for each in read_distances(comparison)}
    for name, anomaly in sorted(comparison.anomalies.anomaly_info.items()):
        feature = feature_name(anomaly) or name
        for reason in _comparator_reasons(anomaly):
            found.add(feature)
            distance = distances.get((feature, _MEASURES_OF_REASONS.get(reason.type, "")))
            if distance is None or not distance.may_be_chance:
                seen = _describe_both(comparison, feature)
                if distance is not None:
                    seen += f"; of so many rows, chance explains {distance.by_chance:.4f}"
                yield _finding(comparison, feature, reason, seen)
    for reason in _comparator_reasons(comparison.anomalies.dataset_anomaly_info):
        seen = (
            f"{describe_data_set(comparison.statistics)} against "
            f"{describe_data_set(comparison.control)}"
        )
        yield _finding(comparison, "the whole data set", reason, seen)
    for feature in _compared_features(schema, comparison.comparator):
        if feature not in found and not _is_measured(comparison, feature):
            yield _not_measured(comparison, feature)


def _comparator_reasons(anomaly: AnomalyInfo) -> list[AnomalyInfo.Reason]:
    return [
        reason
        for reason in anomaly.reason
        if AnomalyInfo.Type.Name(reason.type).startswith("COMPARATOR_")
    ]


def _compared_features(schema: Schema, comparator: Comparator) -> Iterable[str]:
    return [
        feature.name
        for feature in schema.feature
        if feature.HasField(f"{comparator}_comparator")
        and feature.lifecycle_stage in _VALIDATED_STAGES
    ]


def _is_measured(comparison: Comparison, feature: str) -> bool:
    """Says whether the distance of `feature` means anything.

    Where TFDV has no histogram it measures no Jensen-Shannon divergence, and where a feature is
    not categorical, an L-infinity distance of 0: in both cases without a word.
    """
    measures = {
        distance.measure for distance in read_distances(comparison) if distance.feature == feature
    }
    if _L_INFINITY in measures:
        return all(
            _is_categorical(side, feature) for side in (comparison.statistics, comparison.control)
        )
    return bool(measures)


def _is_categorical(statistics: DatasetFeatureStatisticsList, name: str) -> bool:
    feature = find_feature(statistics, name)
    return feature is not None and bool(feature.string_stats.rank_histogram.buckets)


def _finding(
    comparison: Comparison, feature: str, reason: AnomalyInfo.Reason, seen: str
) -> Finding:
    return Finding(
        where=comparison.where,
        feature=feature,
        short_description=reason.short_description,
        description=reason.description,
        seen=seen,
        kind=Kind(comparison.comparator),
    )


def _not_measured(comparison: Comparison, feature: str) -> Finding:
    return Finding(
        where=comparison.where,
        feature=feature,
        short_description="No distance",
        description=(
            f"The contract has a {comparison.comparator}_comparator, but TFDV could not measure "
            "the distance: one side has no values, or the norm does not suit their type. "
            "infinity_norm is for categorical values (an int_domain with is_categorical), "
            "jensen_shannon_divergence for these and for numbers"
        ),
        seen=_describe_both(comparison, feature),
        kind=Kind(comparison.comparator),
    )


def _describe_both(comparison: Comparison, feature: str) -> str:
    return (
        f"{describe_feature(comparison.statistics, feature)} against "
        f"{describe_feature(comparison.control, feature)}"
    )
