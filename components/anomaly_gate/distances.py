"""The distances between two distributions that TFDV measured (no TensorFlow)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies, AnomalyInfo, DriftSkewInfo
from tensorflow_metadata.proto.v0.schema_pb2 import BETA, PRODUCTION, UNKNOWN_STAGE, Schema
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList

from components.anomaly_gate.report import (
    Finding,
    describe_data_set,
    describe_feature,
    feature_name,
    find_feature,
)

_L_INFINITY: Final = "L-infinity"
_MEASURE_NAMES: Final = {
    DriftSkewInfo.Measurement.L_INFTY: _L_INFINITY,
    DriftSkewInfo.Measurement.JENSEN_SHANNON_DIVERGENCE: "Jensen-Shannon",
    DriftSkewInfo.Measurement.NORMALIZED_ABSOLUTE_DIFFERENCE: "normalized absolute",
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
    """The distance of one feature between two statistics, and the most that it may be."""

    feature: str
    measure: str
    value: float
    threshold: float

    def __str__(self) -> str:
        """Says it in one line."""
        distance = f"{self.measure} distance {self.value:.4f}"
        return f"{self.feature}: {distance}, threshold {self.threshold:.4f}"


def read_distances(comparison: Comparison) -> list[Distance]:
    """Returns every distance that was measured, whether or not it is over its threshold."""
    return [
        Distance(
            feature=".".join(info.path.step),
            measure=_MEASURE_NAMES.get(measurement.type, "unnamed"),
            value=measurement.value,
            threshold=measurement.threshold,
        )
        for info in comparison.anomalies.drift_skew_info
        for measurement in getattr(info, f"{comparison.comparator}_measurements")
    ]


def find_distances(comparison: Comparison, schema: Schema) -> Iterator[Finding]:
    """Yields every distance over its threshold, and every one that could not be measured.

    TFDV validates the values too when it compares; those findings are ExampleValidator's.

    Args:
      comparison: Made with the contract `schema`.
      schema: The contract.
    """
    found = set()
    for name, anomaly in sorted(comparison.anomalies.anomaly_info.items()):
        feature = feature_name(anomaly) or name
        for reason in _comparator_reasons(anomaly):
            found.add(feature)
            yield _finding(comparison, feature, reason, _describe_both(comparison, feature))
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
        is_distance=True,
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
        is_distance=True,
    )


def _describe_both(comparison: Comparison, feature: str) -> str:
    return (
        f"{describe_feature(comparison.statistics, feature)} against "
        f"{describe_feature(comparison.control, feature)}"
    )
