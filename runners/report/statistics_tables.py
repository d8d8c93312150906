"""Shows TFDV's statistics as Markdown tables (no TensorFlow)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tensorflow_metadata.proto.v0.statistics_pb2 import (
    DatasetFeatureStatistics,
    FeatureNameStatistics,
)

from components.class_names import show_class
from components.numeric_order import by_number
from modules.features import LABEL_KEY
from runners.report.markdown import table

_NUMBERS = {
    "mean": "mean",
    "std": "std_dev",
    "min": "min",
    "median": "median",
    "max": "max",
}
_MAX_VALUES = 20

_Features = dict[str, dict[str, FeatureNameStatistics]]
"""The statistics of each split by the feature's name, then by the split's."""


def render_statistics(
    splits: Mapping[str, DatasetFeatureStatistics], class_names: Sequence[str] = ()
) -> str:
    """Returns the number of examples, a table of features, and one for each feature's values.

    Args:
      splits: Statistics of the whole split, by its name; they stand beside or below each other, to
        be compared.
      class_names: How classes are called, from label 0 on; empty if they have no names.
    """
    features = _by_feature(splits)
    counts = [(split, f"{data_set.num_examples:,}") for split, data_set in splits.items()]
    return "\n\n".join(
        [
            table(("split", "examples"), counts),
            _render_features(features),
            *_render_values(features, tuple(splits), class_names),
        ]
    )


def _by_feature(splits: Mapping[str, DatasetFeatureStatistics]) -> _Features:
    features: _Features = {}
    for split, data_set in splits.items():
        for feature in data_set.features:
            name = feature.name or ".".join(feature.path.step)
            features.setdefault(name, {})[split] = feature
    return features


def _render_features(features: _Features) -> str:
    return table(
        ("feature", "split", "type", "missing", *_NUMBERS),
        (
            (name, split, *_describe(feature))
            for name, by_split in features.items()
            for split, feature in by_split.items()
        ),
        text_columns=3,
    )


def _describe(feature: FeatureNameStatistics) -> list[str]:
    """Returns type, missing values and the numbers, which are "" where there are none."""
    kind = feature.WhichOneof("stats")
    missing = f"{getattr(feature, kind).common_stats.num_missing:,}" if kind else ""
    numbers = [
        f"{getattr(feature.num_stats, field):.4g}" if kind == "num_stats" else ""
        for field in _NUMBERS.values()
    ]
    return [FeatureNameStatistics.Type.Name(feature.type), missing, *numbers]


def _render_values(
    features: _Features, splits: tuple[str, ...], class_names: Sequence[str]
) -> Iterator[str]:
    """Yields a table for each feature whose values TFDV counted, such as a label."""
    for name, by_split in features.items():
        counts = {split: _count_values(feature) for split, feature in by_split.items()}
        values = _sort_values(sum(counts.values(), Counter()))
        if values:
            shares = {split: _describe_shares(counts[split], by_split[split]) for split in counts}
            names = class_names if name == LABEL_KEY else ()
            rows = (
                (
                    show_class(value, names),
                    *(shares.get(split, {}).get(value, "") for split in splits),
                )
                for value in values
            )
            yield table((name, *splits), rows, max_rows=_MAX_VALUES)


def _count_values(feature: FeatureNameStatistics) -> Counter[str]:
    """Returns how often each value occurs; only the most frequent, where there are many."""
    buckets = feature.string_stats.rank_histogram.buckets
    return Counter({bucket.label: int(bucket.sample_count) for bucket in buckets})


def _describe_shares(counts: Counter[str], feature: FeatureNameStatistics) -> dict[str, str]:
    common = feature.string_stats.common_stats
    total = common.tot_num_values or common.num_non_missing
    return {value: f"{count:,} ({count / total:.1%})" for value, count in counts.items()}


def _sort_values(counts: Counter[str]) -> list[str]:
    """Returns numbers in their order, anything else by its frequency."""
    if all(value.removeprefix("-").isdecimal() for value in counts):
        return sorted(counts, key=by_number)
    return sorted(counts, key=lambda value: (-counts[value], by_number(value)))
