"""Finds what a run measured for its report, or measures it anew from the run's artifacts."""

import logging
from collections.abc import Mapping

from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import Artifact

from components.file_content import read_bytes
from components.run_report.artifact import (
    MEASUREMENTS_FILE,
    PREVIOUS_STATISTICS_KEY,
    REPORT_KEY,
)
from components.run_report.content.report import Measurements, nothing_measured
from components.run_report.model_card import read_card
from pipeline.config import PipelineConfig
from pipeline.node_ids import (
    ANOMALY_GATE,
    EVALUATOR,
    EXAMPLE_VALIDATOR,
    IDX_EXAMPLE_GEN,
    RUN_REPORT,
    SCHEMA_IMPORTER,
    SERVABILITY_VALIDATOR,
    STATISTICS_GEN,
    TRAINER,
    TUNER,
)
from runners.metadata.artifacts import find_producer, read_inputs
from runners.metadata.records import NodeRecord

OUTPUTS: Mapping[str, tuple[str, str]] = {
    "examples": (IDX_EXAMPLE_GEN, "examples"),
    "statistics": (STATISTICS_GEN, "statistics"),
    "schema": (SCHEMA_IMPORTER, "schema"),
    "anomalies": (EXAMPLE_VALIDATOR, "anomalies"),
    "model": (TRAINER, "model"),
    "model_run": (TRAINER, "model_run"),
    "evaluation": (EVALUATOR, "evaluation"),
    "infra_blessing": (SERVABILITY_VALIDATOR, "blessing"),
    "tuner_results": (TUNER, "tuner_results"),
}
"""Where RunReport's inputs come from, for a run that did not get as far as it."""

logger = logging.getLogger(__name__)


def find_measurements(
    store: MetadataStore, run_id: str, records: Mapping[str, NodeRecord], config: PipelineConfig
) -> Measurements:
    """Returns what a run measured; where that is not there or not whole, measures it now.

    Args:
      store: Metadata.
      run_id: The run.
      records: Its nodes.
      config: The pipeline; what artifacts do not say is taken from it.
    """
    return _read_stored(records.get(RUN_REPORT)) or _measure(store, records, run_id, config)


def _read_stored(record: NodeRecord | None) -> Measurements | None:
    if record is None or REPORT_KEY not in record.outputs:
        return None
    path = f"{record.outputs[REPORT_KEY].uri}/{MEASUREMENTS_FILE}"
    try:
        stored = Measurements.model_validate_json(read_bytes(path))
    except (OSError, ValueError) as error:
        logger.warning("%s: cannot be read: %s", path, error)
        return None
    return stored if stored.is_whole else None


def _measure(
    store: MetadataStore, records: Mapping[str, NodeRecord], run_id: str, config: PipelineConfig
) -> Measurements:
    model_card = read_card(config.model_card_path)
    found = _find_inputs(store, records)
    if not found:
        return nothing_measured(config.pipeline_name, run_id, model_card)
    # TensorFlow comes with these.
    from components.run_report.measuring import Settings, measure  # noqa: PLC0415
    from runners.run_report.artifacts import make_artifact  # noqa: PLC0415

    return measure(
        {key: make_artifact(record) for key, record in found.items()},
        Settings(
            data=config.data.spec,
            max_p99_latency_ms=config.thresholds.max_p99_latency_ms,
            # The code that is here may be another one than that which trained.
            model_code_digest="",
            model_card=model_card,
        ),
        pipeline_name=config.pipeline_name,
        run_id=run_id,
    )


def _find_inputs(store: MetadataStore, records: Mapping[str, NodeRecord]) -> dict[str, Artifact]:
    """Returns what RunReport was given or would have been, as far as the run got."""
    found = {
        name: records[node_id].outputs[key]
        for name, (node_id, key) in OUTPUTS.items()
        if node_id in records and key in records[node_id].outputs
    }
    if ANOMALY_GATE in records:
        gate = records[ANOMALY_GATE]
        # A node that a partial run reuses has outputs only: who made them has the inputs.
        makers = [find_producer(store, artifact.id) for artifact in gate.outputs.values()]
        for execution_id in (gate.execution_id, *makers):
            inputs = read_inputs(store, execution_id)
            if PREVIOUS_STATISTICS_KEY in inputs:
                found[PREVIOUS_STATISTICS_KEY] = inputs[PREVIOUS_STATISTICS_KEY]
    return found
