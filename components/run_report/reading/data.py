"""Reads what a model was made from: how many examples of what, and some of them."""

import math
from collections.abc import Collection, Iterator, Mapping

import numpy as np
from tensorflow_metadata.proto.v0.statistics_pb2 import (
    DatasetFeatureStatistics,
    FeatureNameStatistics,
)
from tensorflow_metadata.proto.v0.statistics_pb2 import (
    Histogram as StatisticsHistogram,
)

from components.idx_example_gen.shared_rows import read_shared_rows
from components.numeric_order import by_number
from components.run_report.charts.pictures import encode_picture
from components.run_report.content.data import Feature, Histogram, Samples, Split
from components.run_report.reading.examples import read_examples
from modules.data_spec import PIXEL_TYPE, DataSpec
from modules.features import LABEL_KEY

SAMPLES_OF_EACH_CLASS = 12
MAX_SAMPLES = 300
"""Of all classes together: with more than 25 of them, each has fewer."""

# A class that is not among so many rows, as in files that are sorted by class, is shown as empty.
_MAX_READ = 100_000

_Statistics = Mapping[str, DatasetFeatureStatistics]


def read_splits(statistics: _Statistics, notes: Mapping[str, str]) -> Iterator[Split]:
    """Yields the size of each split, and of each class in it.

    Args:
      statistics: Of whole splits, by name.
      notes: Custom properties of the examples.
    """
    counts = {name: _count_labels(data_set) for name, data_set in statistics.items()}
    labels = sorted({label for of_split in counts.values() for label in of_split}, key=by_number)
    for name, data_set in statistics.items():
        classes = {label: counts[name].get(label, 0) for label in labels}
        shared = read_shared_rows(notes, name)
        yield Split(
            name=name,
            rows=data_set.num_examples,
            classes=classes,
            shared_rows=shared.rows if shared else None,
        )


def read_features(statistics: _Statistics) -> Iterator[Feature]:
    """Yields each number that varies, with its histogram in each split.

    Args:
      statistics: By name of the split, or of what it is compared with.
    """
    by_feature: dict[str, list[Histogram]] = {}
    for name, data_set in statistics.items():
        for feature in data_set.features:
            if histogram := _find_histogram(feature):
                by_feature.setdefault(_name(feature), []).append(_convert(name, histogram))
    for name, histograms in by_feature.items():
        if any(len(each.edges) > 2 for each in histograms):  # noqa: PLR2004 - edges of one bucket
            yield Feature(name=name, histograms=tuple(histograms))


def read_samples(file_pattern: str, labels: Collection[str], data: DataSpec) -> Iterator[Samples]:
    """Yields the first examples of each class.

    Args:
      file_pattern: A split's gzip TFRecord shards.
      labels: The classes that the split has, in the order in which they are shown.
      data: What the images are.
    """
    most = max(1, min(SAMPLES_OF_EACH_CLASS, MAX_SAMPLES // max(1, len(labels))))
    pictures: dict[str, list[str]] = {label: [] for label in labels}
    for examples in read_examples(file_pattern, most=_MAX_READ):
        for label, content in zip(examples.labels, examples.images, strict=True):
            of_class = pictures.get(str(label))
            if of_class is not None and len(of_class) < most:
                pixels = np.frombuffer(content, PIXEL_TYPE).reshape(data.image_shape)
                of_class.append(encode_picture(pixels))
        if all(len(of_class) == most for of_class in pictures.values()):
            break
    for label, of_class in pictures.items():
        yield Samples(label=label, pictures=tuple(of_class))


def _count_labels(data_set: DatasetFeatureStatistics) -> dict[str, int]:
    return {
        bucket.label: int(bucket.sample_count)
        for feature in data_set.features
        if _name(feature) == LABEL_KEY
        for bucket in feature.string_stats.rank_histogram.buckets
    }


def _name(feature: FeatureNameStatistics) -> str:
    return feature.name or ".".join(feature.path.step)


def _find_histogram(feature: FeatureNameStatistics) -> StatisticsHistogram | None:
    """Returns the one whose buckets are equally wide."""
    return next(
        (
            histogram
            for histogram in feature.num_stats.histograms
            if histogram.type == StatisticsHistogram.STANDARD and _is_finite(histogram)
        ),
        None,
    )


def _is_finite(histogram: StatisticsHistogram) -> bool:
    """Returns whether it can be drawn: one of infinite values has infinite edges."""
    edges = [edge for each in histogram.buckets for edge in (each.low_value, each.high_value)]
    return bool(edges) and all(map(math.isfinite, edges))


def _convert(name: str, histogram: StatisticsHistogram) -> Histogram:
    buckets = histogram.buckets
    return Histogram(
        name=name,
        edges=(buckets[0].low_value, *(bucket.high_value for bucket in buckets)),
        counts=tuple(bucket.sample_count for bucket in buckets),
    )
