"""Reads from ML Metadata which runs there were, and how each ended."""

from collections.abc import Sequence
from dataclasses import dataclass

from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import Artifact, Context

from components.atomic_pusher.push_properties import PUSHED_PROPERTY, PUSHED_VERSION_PROPERTY
from components.run_report.artifact import ACCURACY_PROPERTY, REPORT_KEY
from pipeline.node_ids import RUN_REPORT
from runners.failure import cause_of
from runners.metadata.artifacts import property_of
from runners.metadata.records import NodeRecord, list_executions, list_runs, node_id_of, read_run
from runners.metadata.states import NodeState, RunEnd


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """How one run ended.

    Attributes:
      run_id: The run's id in ML Metadata.
      started_ms: When its first node was registered, in milliseconds since 1970.
      seconds: Sum of the times of its nodes.
      end: In which of the ways that there are.
      node_id: The node at which a run failed or stopped, or after which it ended; or "".
      cause: Why it failed, or "" where metadata does not hold that.
      version: The version that it pushed, or found pushed by an earlier run; or "".
      accuracy: On the test split, from its report; None if there is none.
      cached: Nodes that reused an earlier run's output.
      nodes: Nodes that it reached.
    """

    run_id: str
    started_ms: int
    seconds: float
    end: RunEnd
    node_id: str = ""
    cause: str = ""
    version: str = ""
    accuracy: float | None = None
    cached: int
    nodes: int


def read_history(store: MetadataStore, pipeline_name: str, limit: int) -> list[RunSummary]:
    """Returns the last `limit` runs of a pipeline, newest first."""
    runs = list_runs(store, pipeline_name)
    return [summarize_run(store, run, pipeline_name) for run in runs[:limit]]


def summarize_run(store: MetadataStore, run: Context, pipeline_name: str) -> RunSummary:
    """Returns how one run ended; `run` is its context, named by the run's id."""
    nodes = list(read_run(store, run.name, pipeline_name).values())
    end, node_id, cause, version = _end(nodes)
    if end == RunEnd.ENDED_EARLY:
        executions = list_executions(store, run.name, pipeline_name)
        node_id = node_id_of(store, executions[-1]) if executions else ""
    return RunSummary(
        run_id=run.name,
        started_ms=run.create_time_since_epoch,
        seconds=sum(record.seconds for record in nodes),
        end=end,
        node_id=node_id,
        cause=cause,
        version=version,
        accuracy=_accuracy(nodes),
        cached=sum(record.state == NodeState.CACHED for record in nodes),
        nodes=len(nodes),
    )


def _end(nodes: Sequence[NodeRecord]) -> tuple[RunEnd, str, str, str]:
    """Returns the end, the node that it came at, its cause, and the version pushed."""
    for record in nodes:
        if record.state in (NodeState.FAILED, NodeState.CANCELED):
            return RunEnd.FAILED, record.node_id, cause_of(record.error), ""
    for record in nodes:
        if record.state == NodeState.RUNNING:
            return RunEnd.STOPPED, record.node_id, "", ""
    pusher = next((record for record in nodes if "pushed_model" in record.outputs), None)
    if pusher is None:
        return RunEnd.ENDED_EARLY, "", "", ""
    version = _pushed_version(pusher.outputs["pushed_model"])
    if not version:
        return RunEnd.NOT_PUSHED, "", "", ""
    end = RunEnd.UNCHANGED if pusher.state == NodeState.CACHED else RunEnd.PUSHED
    return end, "", "", version


def _accuracy(nodes: Sequence[NodeRecord]) -> float | None:
    reports = (record.outputs.get(REPORT_KEY) for record in nodes if record.node_id == RUN_REPORT)
    return next((property_of(report, ACCURACY_PROPERTY) for report in reports), None)


def _pushed_version(pushed_model: Artifact) -> str:
    if not property_of(pushed_model, PUSHED_PROPERTY):
        return ""
    return str(property_of(pushed_model, PUSHED_VERSION_PROPERTY) or "")
