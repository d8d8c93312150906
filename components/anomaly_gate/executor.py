"""Stops the run where the data break the contract or have drifted from what was accepted."""

import json
import logging
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils
from tfx.types.standard_component_specs import (
    ANOMALIES_KEY,
    EXAMPLES_KEY,
    SCHEMA_KEY,
    STATISTICS_KEY,
)

from components.anomaly_gate.accepted_statistics import (
    ACCEPTED_STATISTICS_KEY,
    write_accepted_statistics,
)
from components.anomaly_gate.comparing import compare_statistics
from components.anomaly_gate.distances import find_distances, read_distances
from components.anomaly_gate.missing_rows import find_missing_classes, find_too_few_rows
from components.anomaly_gate.reading import read_anomalies, read_schema, read_statistics
from components.anomaly_gate.report import find_anomalies, render_refusal
from components.custom_properties import read_strings
from components.idx_example_gen.source_files import describe_source
from modules.features import LABEL_KEY

PREVIOUS_STATISTICS_KEY = "previous_statistics"
TRAIN_SPLIT_KEY = "train_split"
EVAL_SPLIT_KEY = "eval_split"
TEST_SPLIT_KEY = "test_split"
CLASSES_KEY = "classes"
MIN_TRAIN_ROWS_KEY = "min_train_rows"

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
          input_dict: `examples`, `anomalies`, `statistics` and `schema`, one artifact each, and
            `previous_statistics`, one or none.
          output_dict: `accepted_statistics`, one artifact; becomes a copy of `statistics`.
          exec_properties: `train_split`, `eval_split` and `test_split`, the names of splits, and
            `classes`, a list in JSON of those that must have rows in the last one;
            `min_train_rows`, the least that the first one must have.

        Raises:
          AnomalyError: Any split has an anomaly, a distance is over its threshold and over what
            chance explains, or there are too few rows to train on or to judge a class by.
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
        train_split = exec_properties[TRAIN_SPLIT_KEY]
        findings += find_too_few_rows(
            train_split,
            read_statistics(statistics, train_split),
            min_rows=exec_properties[MIN_TRAIN_ROWS_KEY],
        )
        test_split = exec_properties[TEST_SPLIT_KEY]
        findings += find_missing_classes(
            test_split,
            read_statistics(statistics, test_split),
            label=LABEL_KEY,
            classes=json.loads(exec_properties[CLASSES_KEY]),
        )
        if findings:
            examples = artifact_utils.get_single_instance(input_dict[EXAMPLES_KEY])
            source = describe_source(read_strings(examples))
            raise AnomalyError(render_refusal(findings, source))
        write_accepted_statistics(
            statistics, artifact_utils.get_single_instance(output_dict[ACCEPTED_STATISTICS_KEY])
        )
