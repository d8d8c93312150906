"""Stops the run where the data break the contract or have drifted from what was accepted."""

import logging
from collections.abc import Iterator
from typing import Any

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies
from tensorflow_metadata.proto.v0.schema_pb2 import Schema
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList
from tfx.components.example_validator.executor import DEFAULT_FILE_NAME
from tfx.components.statistics_gen.stats_artifact_utils import load_statistics
from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils
from tfx.types.standard_component_specs import ANOMALIES_KEY, SCHEMA_KEY, STATISTICS_KEY
from tfx.utils import io_utils

from components.anomaly_gate.accepted_statistics import (
    ACCEPTED_STATISTICS_KEY,
    write_accepted_statistics,
)
from components.anomaly_gate.distances import (
    Comparator,
    Comparison,
    find_distances,
    read_distances,
)
from components.anomaly_gate.report import find_anomalies, render_refusal

PREVIOUS_STATISTICS_KEY = "previous_statistics"
TRAIN_SPLIT_KEY = "train_split"
EVAL_SPLIT_KEY = "eval_split"

logger = logging.getLogger(__name__)


class AnomalyError(ValueError):
    """The data do not keep the contract; the message says where, what was seen, what to do."""


class Executor(base_executor.BaseExecutor):
    """Executor of AnomalyGate."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Accepts the data or raises.

        Args:
          input_dict: `anomalies`, `statistics` and `schema`, one artifact each, and
            `previous_statistics`, one or none.
          output_dict: `accepted_statistics`, one artifact; becomes a copy of `statistics`.
          exec_properties: `train_split` and `eval_split`, the names of two splits.

        Raises:
          AnomalyError: Any split has an anomaly, or a distance is over its threshold.
          ValueError: The statistics lack a split that is to be compared.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        statistics = artifact_utils.get_single_instance(input_dict[STATISTICS_KEY])
        anomalies = artifact_utils.get_single_instance(input_dict[ANOMALIES_KEY])
        previous = input_dict.get(PREVIOUS_STATISTICS_KEY) or []
        schema = _read_schema(artifact_utils.get_single_uri(input_dict[SCHEMA_KEY]))
        findings = [
            finding
            for split in anomalies.splits
            for finding in find_anomalies(
                split, _read_anomalies(anomalies, split), _read_statistics(statistics, split)
            )
        ]
        for comparison in _compare(
            statistics,
            previous[0] if previous else None,
            schema,
            train_split=exec_properties[TRAIN_SPLIT_KEY],
            eval_split=exec_properties[EVAL_SPLIT_KEY],
        ):
            for distance in read_distances(comparison):
                logger.info("%s: %s", comparison.where, distance)
            findings += find_distances(comparison, schema)
        if findings:
            raise AnomalyError(render_refusal(findings))
        write_accepted_statistics(
            statistics, artifact_utils.get_single_instance(output_dict[ACCEPTED_STATISTICS_KEY])
        )


def _compare(
    statistics: Artifact,
    previous: Artifact | None,
    schema: Schema,
    *,
    train_split: str,
    eval_split: str,
) -> Iterator[Comparison]:
    """Yields train against eval, then train against the train split that was accepted before."""
    train = _read_statistics(statistics, train_split)
    # To TFDV, skew is between what a model learns from and what it is used on, which here
    # is what it will be judged by.
    control = _read_statistics(statistics, eval_split)
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
    control = _read_statistics(previous, train_split)
    yield Comparison(
        where=f"split {train_split} against the one accepted before (artifact {previous.id})",
        comparator=Comparator.DRIFT,
        statistics=train,
        control=control,
        anomalies=tfdv.validate_statistics(train, schema, previous_statistics=control),
    )


def _read_schema(uri: str) -> Schema:
    return io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(uri))


def _read_anomalies(anomalies: Artifact, split: str) -> Anomalies:
    uri = artifact_utils.get_split_uri([anomalies], split)
    return Anomalies.FromString(io_utils.read_bytes_file(f"{uri}/{DEFAULT_FILE_NAME}"))


def _read_statistics(statistics: Artifact, split: str) -> DatasetFeatureStatisticsList:
    if split not in statistics.splits:
        raise ValueError(
            f"{statistics.uri}: expected statistics of split {split!r}, received those of "
            f"{', '.join(statistics.splits)}. Name the splits to compare where AnomalyGate is "
            "constructed."
        )
    return load_statistics(statistics, split).proto()
