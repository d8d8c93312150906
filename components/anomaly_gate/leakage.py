"""Finds images that a model would be judged by after it was trained on them."""

import logging
import math
from collections.abc import Iterator, Mapping

from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList

from components.anomaly_gate.next_steps import Kind
from components.anomaly_gate.report import Finding, count_examples, describe_data_set
from components.idx_example_gen.shared_rows import SharedRows, read_shared_rows
from modules.features import IMAGE_KEY

logger = logging.getLogger(__name__)


def find_leakage(
    split: str,
    statistics: DatasetFeatureStatisticsList,
    notes: Mapping[str, str],
    *,
    train_split: str,
    max_share: float,
) -> Iterator[Finding]:
    """Yields a finding if more of a split's images than `max_share` are also trained on.

    Args:
      split: Name of a split that is not trained on.
      statistics: Of this split.
      notes: Custom properties of the examples; those of another ExampleGen tell nothing of it.
      train_split: Name of the split that is trained on.
      max_share: Of the rows of the split, 0 to 1.

    Raises:
      ValueError: The notes are of images that stand in another split than `train_split`.
    """
    shared = read_shared_rows(notes, split)
    if shared is None:
        logger.warning("The examples do not tell which images of %s are also trained on", split)
        return
    if shared.trained_on != train_split:
        raise ValueError(
            f"split {split}: expected notes on images that also stand in split {train_split}, "
            f"received those on split {shared.trained_on}. Name {train_split} first where "
            "pipeline/pipeline.py divides the train files into splits."
        )
    num_rows = count_examples(statistics)
    # 0.29 * 100 is a little less than 29.
    allowed = math.floor(max_share * num_rows + 1e-9)
    if shared.rows > allowed:
        yield Finding(
            where=f"split {split}",
            feature=IMAGE_KEY,
            short_description="Images that are trained on",
            description=_describe(shared, allowed),
            seen=describe_data_set(statistics),
            kind=Kind.CONTRADICTION if shared.is_contradiction else Kind.LEAKAGE,
        )


def _describe(shared: SharedRows, allowed: int) -> str:
    labels = "with another label" if shared.is_contradiction else "whatever their labels"
    return (
        f"{shared.rows:,} images also stand in split {shared.trained_on}, {labels}; at most "
        f"{allowed:,} may. The first: {shared}"
    )
