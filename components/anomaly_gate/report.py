"""Tells a person what is wrong with the data, where, and what to do about it (no TensorFlow)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies, AnomalyInfo
from tensorflow_metadata.proto.v0.statistics_pb2 import (
    CommonStatistics,
    DatasetFeatureStatisticsList,
    FeatureNameStatistics,
    NumericStatistics,
)

from components.anomaly_gate.next_steps import Kind, list_next_steps
from components.numeric_order import by_number

_MAX_LISTED_VALUES = 12
WHOLE_DATA_SET = "the whole data set"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One reason to refuse the data.

    Attributes:
      where: The split, or the two that were compared.
      feature: Name of the feature, or "the whole data set".
      short_description: TFDV's words, a few.
      description: TFDV's words, in full.
      seen: What the statistics say of the feature.
      kind: How it was found.
    """

    where: str
    feature: str
    short_description: str
    description: str
    seen: str
    kind: Kind = Kind.VALUES

    def __str__(self) -> str:
        """Says it in one line."""
        return (
            f"{self.where}, feature {self.feature}: {self.short_description}. "
            f"{self.description.rstrip('. ')}. Seen: {self.seen}."
        )


def find_anomalies(
    split: str, anomalies: Anomalies, statistics: DatasetFeatureStatisticsList
) -> Iterator[Finding]:
    """Yields what ExampleValidator found in one split, each with the values seen there.

    Args:
      split: Name of the split.
      anomalies: Of this split; an anomaly counts whatever its severity.
      statistics: Of this split.
    """
    where = f"split {split}"
    if anomalies.data_missing:
        yield Finding(
            where=where,
            feature=WHOLE_DATA_SET,
            short_description="No data",
            description="There is no example to validate",
            seen=describe_data_set(statistics),
        )
    if anomalies.HasField("dataset_anomaly_info"):
        yield _finding(
            where, WHOLE_DATA_SET, anomalies.dataset_anomaly_info, describe_data_set(statistics)
        )
    for name, anomaly in sorted(anomalies.anomaly_info.items()):
        feature = feature_name(anomaly) or name
        yield _finding(where, feature, anomaly, describe_feature(statistics, feature))


def render_refusal(findings: Sequence[Finding], source: str, *, data: str, acceptance: str) -> str:
    """Returns the text of the error that stops the run; no line of it is indented.

    Args:
      findings: One or more.
      source: Where the data came from.
      data: By which name they can be accepted; "" if they have none.
      acceptance: Who accepts the drift of which data; see `acceptance`.
    """
    # Who reads a traceback back takes indented lines for its frames.
    count = "1 place" if len(findings) == 1 else f"{len(findings)} places"
    next_steps = list_next_steps({finding.kind for finding in findings}, data, acceptance)
    return "\n".join(
        [
            f"the data were refused in {count}, so nothing downstream was started.",
            *(f"{number}. {finding}" for number, finding in enumerate(findings, start=1)),
            f"The data: {source}.",
            f"What to do: {' '.join(next_steps)}",
        ]
    )


def feature_name(anomaly: AnomalyInfo) -> str:
    """Returns the name of the feature that `anomaly` is about, steps joined by dots."""
    return ".".join(anomaly.path.step)


def find_feature(
    statistics: DatasetFeatureStatisticsList, name: str
) -> FeatureNameStatistics | None:
    """Returns the statistics of the feature `name`, None if the data have no such feature."""
    for data_set in statistics.datasets:
        for feature in data_set.features:
            if name in (".".join(feature.path.step), feature.name):
                return feature
    return None


def describe_data_set(statistics: DatasetFeatureStatisticsList) -> str:
    """Says how many examples `statistics` were made from."""
    return f"{count_examples(statistics)} examples"


def count_examples(statistics: DatasetFeatureStatisticsList) -> int:
    """Returns how many examples `statistics` were made from."""
    return round(sum(data_set.num_examples for data_set in statistics.datasets))


def count_values(feature: FeatureNameStatistics) -> float:
    """Returns how many values a feature has in all examples."""
    kind = feature.WhichOneof("stats")
    if kind is None:
        return 0.0
    common: CommonStatistics = getattr(feature, kind).common_stats
    return common.tot_num_values or common.num_non_missing


def count_categories(feature: FeatureNameStatistics) -> dict[str, float]:
    """Returns how many values each category has, the most frequent first; empty without any.

    Those that are as frequent are in the order of their numbers; TFDV has them in that of the text.
    """
    buckets = feature.string_stats.rank_histogram.buckets
    ranked = sorted(buckets, key=lambda each: (-each.sample_count, by_number(each.label)))
    return {bucket.label: bucket.sample_count for bucket in ranked}


def describe_feature(statistics: DatasetFeatureStatisticsList, name: str) -> str:
    """Returns what was seen of the feature `name`: its type, how often, which values."""
    feature = find_feature(statistics, name)
    kind = feature.WhichOneof("stats") if feature else None
    if feature is None or kind is None:
        return "no such feature in the data"
    parts = [_describe_presence(feature)]
    if kind == "num_stats":
        parts.append(_describe_numbers(feature.num_stats))
    elif kind == "string_stats":
        parts.append(_describe_strings(feature))
    elif kind == "bytes_stats":
        content = feature.bytes_stats
        parts.append(f"{content.min_num_bytes:.0f} to {content.max_num_bytes:.0f} bytes long")
    return ", ".join(parts)


def _finding(where: str, feature: str, anomaly: AnomalyInfo, seen: str) -> Finding:
    return Finding(
        where=where,
        feature=feature,
        short_description=anomaly.short_description,
        description=anomaly.description,
        seen=seen,
    )


def _describe_presence(feature: FeatureNameStatistics) -> str:
    kind = FeatureNameStatistics.Type.Name(feature.type)
    stats = getattr(feature, feature.WhichOneof("stats"))
    common: CommonStatistics = stats.common_stats
    total = common.num_non_missing + common.num_missing
    text = f"{kind} in {common.num_non_missing:.0f} of {total:.0f} examples"
    if (common.min_num_values, common.max_num_values) != (1, 1):
        text += f", {common.min_num_values:.0f} to {common.max_num_values:.0f} values each"
    return text


def _describe_numbers(numbers: NumericStatistics) -> str:
    text = (
        f"min {numbers.min:g}, median {numbers.median:g}, max {numbers.max:g}, "
        f"mean {numbers.mean:g}"
    )
    not_a_number = sum(histogram.num_nan for histogram in numbers.histograms[:1])
    return f"{text}, {not_a_number:.0f} NaN" if not_a_number else text


def _describe_strings(feature: FeatureNameStatistics) -> str:
    """Lists the values with their shares, the most frequent first."""
    strings = feature.string_stats
    total = count_values(feature)
    counts = count_categories(feature)
    listed = [
        f"{value} {count / total:.1%}" for value, count in list(counts.items())[:_MAX_LISTED_VALUES]
    ]
    if strings.unique > len(listed):
        listed.append(f"{strings.unique - len(listed)} more")
    text = f"{strings.unique} distinct values"
    if counts and all(value.lstrip("-").isdecimal() for value in counts):
        # A categorical integer: what is out of range may be too rare to be in the list.
        text += f" from {min(map(int, counts))} to {max(map(int, counts))}"
    return f"{text} ({', '.join(listed)})"
