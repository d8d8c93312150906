"""Stops the run on data that break the contract, have drifted, or can judge no model."""

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tensorflow_metadata.proto.v0.schema_pb2 import Schema
from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils
from tfx.types.standard_component_specs import (
    ANOMALIES_KEY,
    EXAMPLES_KEY,
    SCHEMA_KEY,
    STATISTICS_KEY,
)

from components.anomaly_gate.acceptance import (
    ACCEPTED_STATISTICS_KEY,
    find_acceptor,
    note_accepted_drift,
)
from components.anomaly_gate.accepted_statistics import write_accepted_statistics
from components.anomaly_gate.comparing import compare_statistics
from components.anomaly_gate.distances import find_distances, read_distances
from components.anomaly_gate.leakage import find_leakage
from components.anomaly_gate.missing_rows import find_missing_classes, find_too_few_rows
from components.anomaly_gate.next_steps import Kind
from components.anomaly_gate.reading import read_anomalies, read_schema, read_statistics
from components.anomaly_gate.report import Finding, find_anomalies, render_refusal
from components.custom_properties import read_strings
from components.idx_example_gen.source_files import describe_source, name_data
from modules.data_spec import DATA_SPEC_KEY, DataSpec

PREVIOUS_STATISTICS_KEY = "previous_statistics"
TRAIN_SPLIT_KEY = "train_split"
EVAL_SPLIT_KEY = "eval_split"
TEST_SPLIT_KEY = "test_split"
CLASSES_KEY = "classes"
MIN_TRAIN_ROWS_KEY = "min_train_rows"
MAX_SHARED_ROWS_KEY = "max_shared_rows"
NEW_DATA_ACCEPTED_BY_KEY = "new_data_accepted_by"

logger = logging.getLogger(__name__)


class AnomalyError(ValueError):
    """The data are refused; the message says where, what was seen, what to do."""


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
            `classes`, a list in JSON of those that must have rows in the first and the last one;
            `data`, in JSON, says how they are called;
            `min_train_rows`, the least that the first one must have; `max_shared_rows`, the
            largest share of the rows of another one whose images may be among the first one's;
            `new_data_accepted_by`, who accepts the drift of which data, see `acceptance`.

        Raises:
          AnomalyError: Any split has an anomaly, a distance is over its threshold and over what
            chance explains, there are too few rows to train on or to judge a class by, or the
            images to judge by are also trained on.
          ValueError: The statistics lack a split that is to be compared.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        statistics = artifact_utils.get_single_instance(input_dict[STATISTICS_KEY])
        anomalies = artifact_utils.get_single_instance(input_dict[ANOMALIES_KEY])
        examples = artifact_utils.get_single_instance(input_dict[EXAMPLES_KEY])
        schema = read_schema(artifact_utils.get_single_instance(input_dict[SCHEMA_KEY]))
        previous = input_dict.get(PREVIOUS_STATISTICS_KEY) or [None]
        notes = read_strings(examples)
        findings = [
            *_find_in_values(anomalies, statistics),
            *_find_in_distances(statistics, previous[0], schema, exec_properties),
            *_find_in_rows(statistics, notes, exec_properties),
        ]
        data = name_data(notes)
        acceptance = exec_properties[NEW_DATA_ACCEPTED_BY_KEY]
        acceptor = find_acceptor(acceptance, data)
        drift = [str(finding) for finding in findings if finding.kind == Kind.DRIFT]
        if len(findings) > (len(drift) if acceptor else 0):
            raise AnomalyError(
                render_refusal(findings, describe_source(notes), data=data, acceptance=acceptance)
            )
        accepted = artifact_utils.get_single_instance(output_dict[ACCEPTED_STATISTICS_KEY])
        write_accepted_statistics(statistics, accepted)
        if drift:
            logger.warning("Accepted by %s: %s", acceptor, "; ".join(drift))
            now = datetime.now(UTC).isoformat(timespec="seconds")
            for name, note in note_accepted_drift(acceptor, now, drift).items():
                accepted.set_string_custom_property(name, note)


def _find_in_values(anomalies: Artifact, statistics: Artifact) -> Iterator[Finding]:
    for split in anomalies.splits:
        yield from find_anomalies(
            split, read_anomalies(anomalies, split), read_statistics(statistics, split)
        )


def _find_in_distances(
    statistics: Artifact,
    previous: Artifact | None,
    schema: Schema,
    exec_properties: Mapping[str, Any],
) -> Iterator[Finding]:
    for comparison in compare_statistics(
        statistics,
        previous,
        schema,
        train_split=exec_properties[TRAIN_SPLIT_KEY],
        eval_split=exec_properties[EVAL_SPLIT_KEY],
    ):
        for distance in read_distances(comparison):
            logger.info("%s: %s", comparison.where, distance)
            if distance.by_chance > distance.threshold:
                logger.warning(
                    "%s, feature %s: there are so few rows that chance explains more than the "
                    "threshold; a difference of up to %.4f is not seen",
                    comparison.where,
                    distance.feature,
                    distance.by_chance,
                )
        yield from find_distances(comparison, schema)


def _find_in_rows(
    statistics: Artifact, notes: Mapping[str, str], exec_properties: Mapping[str, Any]
) -> Iterator[Finding]:
    """Yields what there are too few rows of, and what stands where it must not."""
    train, evaluation, test = (
        exec_properties[key] for key in (TRAIN_SPLIT_KEY, EVAL_SPLIT_KEY, TEST_SPLIT_KEY)
    )
    by_split = {split: read_statistics(statistics, split) for split in (train, evaluation, test)}
    data = DataSpec.model_validate_json(exec_properties[DATA_SPEC_KEY])
    classes = json.loads(exec_properties[CLASSES_KEY])
    min_rows, max_share = exec_properties[MIN_TRAIN_ROWS_KEY], exec_properties[MAX_SHARED_ROWS_KEY]
    yield from find_too_few_rows(train, by_split[train], min_rows=min_rows)
    for split in (train, test):
        yield from find_missing_classes(
            split, by_split[split], classes=classes, class_names=data.class_names
        )
    for split in (evaluation, test):
        yield from find_leakage(
            split, by_split[split], notes, train_split=train, max_share=max_share
        )
