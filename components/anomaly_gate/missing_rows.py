"""Finds what there are too few rows of: to train on, or to judge a model by (no TensorFlow)."""

import logging
from collections.abc import Iterator, Sequence

from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList

from components.anomaly_gate.next_steps import Kind
from components.anomaly_gate.report import (
    WHOLE_DATA_SET,
    Finding,
    count_categories,
    count_examples,
    describe_data_set,
    describe_feature,
    find_feature,
)
from components.class_names import show_classes
from modules.features import LABEL_KEY

logger = logging.getLogger(__name__)


def find_too_few_rows(
    split: str, statistics: DatasetFeatureStatisticsList, *, min_rows: int
) -> Iterator[Finding]:
    """Yields a finding if a split has fewer than `min_rows` rows."""
    if count_examples(statistics) < min_rows:
        yield Finding(
            where=f"split {split}",
            feature=WHOLE_DATA_SET,
            short_description="Too few rows",
            description=(
                f"At least {min_rows} are asked for: from so few a model learns little, and chance "
                "explains most differences between splits"
            ),
            seen=describe_data_set(statistics),
            kind=Kind.ROWS,
        )


def find_missing_classes(
    split: str,
    statistics: DatasetFeatureStatisticsList,
    *,
    classes: Sequence[int],
    class_names: Sequence[str],
) -> Iterator[Finding]:
    """Yields a finding if some classes have no rows in a split.

    Args:
      split: Name of the split.
      statistics: Of this split.
      classes: The classes that must be there, since a model is to learn them or is judged by them.
      class_names: How classes are called, from label 0 on; empty if they have no names.
    """
    counts = _count_classes(statistics)
    if counts is None:
        # The Evaluator refuses a class that it finds no rows of.
        logger.warning(
            "The classes in the split %s are not counted before training: the statistics have no "
            "counts of %s. They have if the contract gives it an int_domain that is_categorical",
            split,
            LABEL_KEY,
        )
        return
    missing = [each for each in classes if not counts.get(each)]
    if missing:
        yield Finding(
            where=f"split {split}",
            feature=LABEL_KEY,
            short_description="Classes without rows",
            description=(
                f"The contract expects the classes {show_classes(classes, class_names)}; there "
                f"are no rows of {show_classes(missing, class_names)}"
            ),
            seen=describe_feature(statistics, LABEL_KEY),
            kind=Kind.CLASSES,
        )


def _count_classes(statistics: DatasetFeatureStatisticsList) -> dict[int, float] | None:
    """Returns the rows of each class; None if the statistics do not tell."""
    feature = find_feature(statistics, LABEL_KEY)
    if feature is None or feature.WhichOneof("stats") != "string_stats":
        return None
    counts = count_categories(feature)
    if not all(value.lstrip("-").isdecimal() for value in counts):
        return None
    return {int(value): count for value, count in counts.items()}
