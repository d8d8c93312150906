"""Reads what a report says of a run as a whole (ML Metadata, but no TensorFlow)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ml_metadata import MetadataStore

from components.anomaly_gate.acceptance import (
    ACCEPTED_STATISTICS_KEY,
    AcceptedDrift,
    read_accepted_drift,
)
from components.atomic_pusher.push_properties import (
    PUSHED_DESTINATION_PROPERTY,
    PUSHED_VERSION_PROPERTY,
)
from components.file_content import read_bytes
from components.model_exporter.artifact import EXPORTS_KEY
from components.run_report.content.run import End, Node, PastRun, Run
from components.versioned_directory.exports import MANIFEST_NAME, ExportManifest, parse_manifest
from pipeline.node_ids import ANOMALY_GATE, MODEL_EXPORTER, NODES_ON_REQUEST, PUSHER, UPSTREAM
from runners.failure import cause_of
from runners.metadata.artifacts import properties_of, property_of
from runners.metadata.history import RunSummary, summarize_run
from runners.metadata.records import NodeRecord, list_runs
from runners.metadata.states import SUCCESSFUL, NodeState, RunEnd

MAX_HISTORY = 30
"""So many runs a person still compares."""

_ENDS = {
    RunEnd.PUSHED: End.PUSHED,
    RunEnd.UNCHANGED: End.UNCHANGED,
    RunEnd.NOT_PUSHED: End.REFUSED,
    RunEnd.FAILED: End.FAILED,
    RunEnd.STOPPED: End.RUNNING,
    RunEnd.ENDED_EARLY: End.ENDED_EARLY,
}

_KILLED = (
    "Its process ended before it could say why, as where it is killed for want of memory. The log "
    "of its task may say more."
)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the caller knows of a run's end, and ML Metadata does not.

    Attributes:
      end: How it ended; None if that is for metadata to say.
      version: The version that it pushed; "" if that is for metadata to say.
      pushed_to: Where that is.
      cause: Why it failed, or "".
      log: Where everything that was logged stands, or "".
      due_nodes: The nodes that a run which is over was to run, whatever metadata says of them; ()
        if it may go on.
    """

    end: End | None = None
    version: str = ""
    pushed_to: str = ""
    cause: str = ""
    log: str = ""
    due_nodes: tuple[str, ...] = ()


def read_run_record(
    store: MetadataStore,
    pipeline_name: str,
    run_id: str,
    records: Mapping[str, NodeRecord],
    known: Known | None = None,
) -> Run:
    """Returns what metadata knows of a run; little of one that reached no node.

    Args:
      store: Metadata.
      pipeline_name: The pipeline.
      run_id: The run.
      records: Its nodes.
      known: What the caller knows beyond that.
    """
    known = known or Known()
    runs = list_runs(store, pipeline_name)
    position = next((number for number, run in enumerate(runs) if run.name == run_id), None)
    if position is None:
        return Run(
            run_id=run_id,
            pipeline_name=pipeline_name,
            end=known.end or End.FAILED,
            cause=known.cause,
            log=known.log,
        )
    summaries = [
        summarize_run(store, run, pipeline_name) for run in runs[position : position + MAX_HISTORY]
    ]
    if known.due_nodes:
        missing = [name for name in known.due_nodes if name not in records]
        summaries[0] = _end_if_stopped(summaries[0], missing)
        records = {name: _end_if_killed(record) for name, record in records.items()}
    this = summaries[0]
    version, pushed_to = find_push(records)
    end = End.INTERRUPTED if this.cause == NodeState.INTERRUPTED else _ENDS[this.end]
    manifest, exports_unknown = _read_manifest(records)
    return Run(
        run_id=run_id,
        pipeline_name=pipeline_name,
        end=known.end or end,
        cause=known.cause or (this.cause if end == End.FAILED else ""),
        failed_node=this.node_id if this.end == RunEnd.FAILED else "",
        version=known.version or version,
        pushed_to=known.pushed_to or pushed_to,
        nodes=_describe_nodes(records),
        exports=manifest.exports,
        unexported=manifest.reasons,
        exports_unknown=exports_unknown,
        history=tuple(_describe_run(summary) for summary in reversed(summaries)),
        log=known.log,
        accepted_drift=_describe_drift(find_accepted_drift(records)),
    )


def find_accepted_drift(records: Mapping[str, NodeRecord]) -> AcceptedDrift | None:
    """Returns which drift of the data of a run somebody accepted; None if there was none."""
    record = records.get(ANOMALY_GATE)
    accepted = record.outputs.get(ACCEPTED_STATISTICS_KEY) if record else None
    return read_accepted_drift(properties_of(accepted)) if accepted else None


def find_push(records: Mapping[str, NodeRecord]) -> tuple[str, str]:
    """Returns the version that a run has pushed, and where that is; "" if there is none."""
    pushed = records[PUSHER].outputs.get("pushed_model") if PUSHER in records else None
    version = property_of(pushed, PUSHED_VERSION_PROPERTY) or ""
    return str(version), str(property_of(pushed, PUSHED_DESTINATION_PROPERTY) or "")


def _describe_drift(accepted: AcceptedDrift | None) -> tuple[str, ...]:
    if accepted is None:
        return ()
    return (f"Drift accepted by {accepted.name}, {accepted.time}:", *accepted.drift)


def _end_if_stopped(summary: RunSummary, missing: Sequence[str]) -> RunSummary:
    """Returns what became of a run that is over, and has not begun some of its nodes."""
    if summary.end == RunEnd.STOPPED:
        return replace(summary, end=RunEnd.FAILED, cause=_KILLED)
    if summary.end != RunEnd.FAILED and missing:
        cause = f"Did not begin: {', '.join(missing)}. The log of the first one's task says why."
        return replace(summary, end=RunEnd.FAILED, node_id="", cause=cause)
    return summary


def _end_if_killed(record: NodeRecord) -> NodeRecord:
    """Returns what became of a node in a run that is over: one that still runs was killed."""
    is_killed = record.state == NodeState.RUNNING
    return replace(record, state=NodeState.FAILED, error=_KILLED) if is_killed else record


def _describe_nodes(records: Mapping[str, NodeRecord]) -> tuple[Node, ...]:
    """Returns all nodes in the order of the flow, reached or not."""
    ids = [
        *(name for name in UPSTREAM if name in records or name not in NODES_ON_REQUEST),
        *(name for name in records if name not in UPSTREAM),
    ]
    return tuple(_describe_node(name, records.get(name)) for name in ids)


def _describe_node(name: str, record: NodeRecord | None) -> Node:
    upstream = UPSTREAM.get(name, ())
    if record is None:
        return Node(name=name, upstream=upstream, state=NodeState.NOT_REACHED)
    cause = cause_of(record.error) if record.error else ""
    is_interrupted = cause == NodeState.INTERRUPTED
    return Node(
        name=name,
        upstream=upstream,
        state=NodeState.INTERRUPTED if is_interrupted else record.state,
        seconds=record.seconds,
        execution_id=record.execution_id,
        cause="" if is_interrupted else cause,
    )


def _describe_run(summary: RunSummary) -> PastRun:
    started = dt.datetime.fromtimestamp(summary.started_ms / 1000, tz=dt.UTC)
    version = f" {summary.version}" if summary.version else ""
    return PastRun(
        run_id=summary.run_id,
        started=started.strftime("%Y-%m-%d %H:%M:%S UTC"),
        seconds=summary.seconds,
        end=f"{summary.end}{version}",
        accuracy=summary.accuracy,
    )


def _read_manifest(records: Mapping[str, NodeRecord]) -> tuple[ExportManifest, str]:
    """Returns what came of the exports, and why that is not known."""
    record = records.get(MODEL_EXPORTER)
    if record is None or record.state not in SUCCESSFUL:
        return ExportManifest(faults={}), ""
    path = f"{record.outputs[EXPORTS_KEY].uri}/{MANIFEST_NAME}"
    try:
        return parse_manifest(read_bytes(path).decode()), ""
    except (OSError, ValueError, KeyError, TypeError) as error:
        return ExportManifest(faults={}), f"Nothing is known of the exports: {path}: {error}"
