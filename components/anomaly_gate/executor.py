"""Stops the run where the data break the contract or have drifted from what was accepted."""

import logging
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils
from tfx.types.standard_component_specs import ANOMALIES_KEY, SCHEMA_KEY, STATISTICS_KEY

from components.anomaly_gate.accepted_statistics import (
    ACCEPTED_STATISTICS_KEY,
    write_accepted_statistics,
)
from components.anomaly_gate.comparing import compare_statistics
from components.anomaly_gate.distances import find_distances, read_distances
from components.anomaly_gate.reading import read_anomalies, read_schema, read_statistics
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
        schema = read_schema(artifact_utils.get_single_instance(input_dict[SCHEMA_KEY]))
        findings = [
            finding
            for split in anomalies.splits
            for finding in find_anomalies(
                split, read_anomalies(anomalies, split), read_statistics(statistics, split)
            )
        ]
        for comparison in compare_statistics(
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
