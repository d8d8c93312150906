"""Finds images that a model would be judged by after it was trained on them."""

from collections.abc import Iterator, Mapping

from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList

from components.anomaly_gate.report import Finding, Kind, count_examples, describe_data_set
from components.idx_example_gen.shared_rows import read_shared_rows
from modules.features import IMAGE_KEY


def find_leakage(
    split: str,
    statistics: DatasetFeatureStatisticsList,
    properties: Mapping[str, str],
    *,
    max_share: float,
) -> Iterator[Finding]:
    """Yields a finding if more of a split's images than `max_share` are also trained on.

    Args:
      split: Name of a split that is not trained on.
      statistics: Of this split.
      properties: Custom properties of the examples. An ExampleGen that notes no shared rows on them
        gives nothing to find.
      max_share: Of the rows of the split, 0 to 1.
    """
    shared = read_shared_rows(properties, split)
    if shared is None or shared.rows <= max_share * count_examples(statistics):
        return
    share = shared.rows / count_examples(statistics)
    yield Finding(
        where=f"split {split}",
        feature=IMAGE_KEY,
        short_description="Images that are trained on",
        description=(
            f"{shared.rows:,} images, {share:.1%} of the split, are those of rows to train on, "
            f"whatever their labels; at most {max_share:.1%} may be. The first: {shared}"
        ),
        seen=describe_data_set(statistics),
        kind=Kind.LEAKAGE,
    )
