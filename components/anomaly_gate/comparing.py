"""Has TFDV compare distributions: train against eval, and train now against train before."""

import logging
from collections.abc import Iterator

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0.schema_pb2 import Schema
from tfx.types import Artifact

from components.anomaly_gate.distances import Comparator, Comparison
from components.anomaly_gate.reading import read_statistics

logger = logging.getLogger(__name__)


def compare_statistics(
    statistics: Artifact,
    previous: Artifact | None,
    schema: Schema,
    *,
    train_split: str,
    eval_split: str,
) -> Iterator[Comparison]:
    """Yields train against eval, then train against the train split that was accepted before.

    Args:
      statistics: Of the data in question.
      previous: The last ones that were accepted; without, there is one comparison.
      schema: The contract, with its comparators.
      train_split: The split that the model learns from.
      eval_split: The split of the same rows that is held out.

    Raises:
      ValueError: The statistics lack one of the splits.
    """
    train = read_statistics(statistics, train_split)
    # To TFDV, skew is between what a model learns from and what it is used on, which here
    # is what it will be judged by.
    control = read_statistics(statistics, eval_split)
    yield Comparison(
        where=f"split {train_split} against split {eval_split}",
        comparator=Comparator.SKEW,
        statistics=train,
        control=control,
        anomalies=tfdv.validate_statistics(train, schema, serving_statistics=control),
    )
    if previous is None:
        logger.info("No statistics were accepted before: there is nothing to measure drift from")
        return
    logger.info("The statistics accepted before are those in %s", previous.uri)
    control = read_statistics(previous, train_split)
    yield Comparison(
        where=f"split {train_split} against the one accepted before (artifact {previous.id})",
        comparator=Comparator.DRIFT,
        statistics=train,
        control=control,
        anomalies=tfdv.validate_statistics(train, schema, previous_statistics=control),
    )
