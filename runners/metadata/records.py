"""Reads what ML Metadata recorded of one run."""

import json
from dataclasses import dataclass, field

from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import Artifact, Context, Execution

from runners.metadata.artifacts import property_of, read_outputs
from runners.metadata.states import NodeState

_STATES = {
    Execution.COMPLETE: NodeState.COMPLETE,
    Execution.CACHED: NodeState.CACHED,
    Execution.FAILED: NodeState.FAILED,
    Execution.CANCELED: NodeState.CANCELED,
}
RESULT_PROPERTY = "__execution_result__"
"""Where TFX keeps the message of a failed execution, as JSON."""


@dataclass(frozen=True, kw_only=True)
class NodeRecord:
    """How one node of a run ended.

    Attributes:
      node_id: The node's id in the pipeline.
      state: How it ended, or RUNNING; one of those that metadata knows.
      seconds: From the registration of the execution to its last change.
      error: What a failed execution says of its end, or "".
      execution_id: Its id.
      outputs: Output artifacts by key; only the first of each key.
    """

    node_id: str
    state: NodeState
    seconds: float
    error: str = ""
    execution_id: int = 0
    outputs: dict[str, Artifact] = field(default_factory=dict)


def list_runs(store: MetadataStore, pipeline_name: str) -> list[Context]:
    """Returns the runs of a pipeline, newest first; a context is named by the run's id."""
    pipeline = store.get_context_by_type_and_name("pipeline", pipeline_name)
    children = store.get_children_contexts_by_context(pipeline.id) if pipeline else []
    runs = [context for context in children if context.type == "pipeline_run"]
    return sorted(runs, key=lambda context: context.id, reverse=True)


def read_run(
    store: MetadataStore, run_id: str, pipeline_name: str | None = None
) -> dict[str, NodeRecord]:
    """Returns the record of every node that the run reached, by node id.

    Args:
      store: Metadata.
      run_id: The run's id.
      pipeline_name: Of which pipeline; needed where others may have runs of the same id.
    """
    executions = list_executions(store, run_id, pipeline_name)
    # A node can have several executions in a run, after a retry: the last one counts.
    records = (read_node(store, execution) for execution in executions)
    return {record.node_id: record for record in records}


def list_executions(
    store: MetadataStore, run_id: str, pipeline_name: str | None = None
) -> list[Execution]:
    """Returns the executions of a run, the oldest first; of one pipeline, if it is named."""
    context = store.get_context_by_type_and_name("pipeline_run", run_id)
    executions = store.get_executions_by_context(context.id) if context else []
    return sorted(
        (
            execution
            for execution in executions
            if pipeline_name in (None, _name_node(store, execution)[0])
        ),
        key=lambda execution: execution.id,
    )


def node_id_of(store: MetadataStore, execution: Execution) -> str:
    """Returns the id of the node that `execution` ran."""
    return _name_node(store, execution)[1]


def state_of(execution: Execution) -> NodeState:
    """Returns how the node stands that `execution` runs; what has no end is running."""
    return _STATES.get(execution.last_known_state, NodeState.RUNNING)


def read_node(store: MetadataStore, execution: Execution) -> NodeRecord:
    """Returns the record of the node that `execution` ran."""
    milliseconds = execution.last_update_time_since_epoch - execution.create_time_since_epoch
    return NodeRecord(
        node_id=node_id_of(store, execution),
        state=state_of(execution),
        seconds=milliseconds / 1000,
        error=_error(execution),
        execution_id=execution.id,
        outputs=read_outputs(store, execution.id),
    )


def _name_node(store: MetadataStore, execution: Execution) -> tuple[str, str]:
    """Returns the pipeline's name and the node's id."""
    # A node's context is named "<pipeline>.<node id>"; a pipeline's name has no dot.
    contexts = store.get_contexts_by_execution(execution.id)
    pipeline_name, _, node_id = next(
        context.name for context in contexts if context.type == "node"
    ).partition(".")
    return pipeline_name, node_id


def _error(execution: Execution) -> str:
    text = property_of(execution, RESULT_PROPERTY)
    if execution.last_known_state != Execution.FAILED or text is None:
        return ""
    try:
        return str(json.loads(text).get("resultMessage", text))
    except json.JSONDecodeError:
        return str(text)
