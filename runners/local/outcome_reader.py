"""Puts a run's outcome together from its metadata and its evaluation."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tfx.components.evaluator.constants import ARTIFACT_PROPERTY_BLESSED_KEY
from tfx.dsl.io import fileio

from components.atomic_pusher.push_properties import (
    PUSHED_DESTINATION_PROPERTY,
    PUSHED_PROPERTY,
    PUSHED_VERSION_PROPERTY,
)
from components.evaluation.result import EvaluationResult, read_evaluation
from components.model_exporter.artifact import EXPORTS_KEY
from components.servability_validator.artifact import REASONS_PROPERTY
from components.versioned_directory.exports import (
    MANIFEST_NAME,
    ExportManifest,
    parse_manifest,
)
from pipeline.config import PipelineConfig
from pipeline.node_ids import EVALUATOR, MODEL_EXPORTER, PUSHER, SERVABILITY_VALIDATOR
from runners.failure import cause_of
from runners.local.outcome import (
    DONE,
    FAILED,
    NOT_BLESSED,
    NodeOutcome,
    RunOutcome,
    find_served_version,
)
from runners.metadata.artifacts import property_of
from runners.metadata.records import NodeRecord
from runners.metadata.states import SUCCESSFUL, NodeState
from runners.run_report.record import find_accepted_drift


def read_outcome(
    records: Mapping[str, NodeRecord],
    config: PipelineConfig,
    run_id: str,
    node_ids: Sequence[str],
    cause: str,
) -> RunOutcome:
    """Returns what came of a run.

    Args:
      records: What metadata knows of each node that the run reached, by node id.
      config: The configuration of the run.
      run_id: The run's id in metadata.
      node_ids: All nodes of the pipeline, in the order of the flow.
      cause: Why the runner stopped, or "" if it went through.
    """
    # The launcher does not raise when a node's inputs are missing: only metadata tells.
    failed = next((each for each in records.values() if each.state == NodeState.FAILED), None)
    failed_node = failed.node_id if failed else ""
    if failed and not cause:
        cause = cause_of(failed.error)
    evaluation = _evaluation(records)
    blessed = _property(records, EVALUATOR, "blessing", ARTIFACT_PROPERTY_BLESSED_KEY)
    manifest = _manifest(records)
    unservable = _property(records, SERVABILITY_VALIDATOR, "blessing", REASONS_PROPERTY) or "[]"
    return RunOutcome(
        run_id=run_id,
        exit_code=_exit_code(records, failed=bool(cause or failed)),
        nodes=tuple(_node_outcome(node_id, records.get(node_id)) for node_id in node_ids),
        metrics=evaluation.metrics if evaluation else {},
        rows=evaluation.rows if evaluation else None,
        checks=evaluation.checks if evaluation else (),
        accepted_drift=find_accepted_drift(records),
        class_names=config.data.class_names,
        unmeasured_classes=config.thresholds.unmeasured_classes if evaluation else (),
        has_baseline=bool(evaluation and evaluation.has_baseline),
        blessed=None if blessed is None else blessed == 1,
        unservable=tuple(json.loads(unservable)),
        exports=manifest.exports,
        unexported=manifest.reasons,
        pushed_version=_property(records, PUSHER, "pushed_model", PUSHED_VERSION_PROPERTY) or "",
        pushed_to=_property(records, PUSHER, "pushed_model", PUSHED_DESTINATION_PROPERTY) or "",
        served_version=find_served_version(config.serving_model_dir),
        failed_node=failed_node,
        cause=cause,
    )


def _exit_code(records: Mapping[str, NodeRecord], *, failed: bool) -> int:
    if failed:
        return FAILED
    if PUSHER not in records:  # a partial run that was not to push
        return DONE
    return DONE if _property(records, PUSHER, "pushed_model", PUSHED_PROPERTY) == 1 else NOT_BLESSED


def _node_outcome(node_id: str, record: NodeRecord | None) -> NodeOutcome:
    if record is None:
        return NodeOutcome(node_id=node_id, state=NodeState.NOT_REACHED)
    return NodeOutcome(node_id=node_id, state=record.state, seconds=record.seconds)


def _evaluation(records: Mapping[str, NodeRecord]) -> EvaluationResult | None:
    record = records.get(EVALUATOR)
    if record is None or record.state not in SUCCESSFUL:
        return None
    return read_evaluation(record.outputs["evaluation"].uri)


def _manifest(records: Mapping[str, NodeRecord]) -> ExportManifest:
    """Returns what came of the exports; nothing if the run did not get as far."""
    record = records.get(MODEL_EXPORTER)
    if record is None or record.state not in SUCCESSFUL:
        return ExportManifest(faults={})
    with fileio.open(f"{record.outputs[EXPORTS_KEY].uri}/{MANIFEST_NAME}") as file:
        return parse_manifest(file.read())


def _property(records: Mapping[str, NodeRecord], node_id: str, key: str, name: str) -> Any:
    """Returns a custom property of an output artifact, None if the run has no such thing."""
    record = records.get(node_id)
    return property_of(record.outputs.get(key), name) if record else None
