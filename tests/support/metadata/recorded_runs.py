"""Runs that never were, in ML Metadata as TFX writes it."""

import json

from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import (
    Artifact,
    ArtifactType,
    Association,
    ConnectionConfig,
    Context,
    ContextType,
    Event,
    Execution,
    ExecutionType,
    ParentContext,
)

from runners.metadata.records import RESULT_PROPERTY

_CONTEXT_TYPES = ("pipeline", "pipeline_run", "node")


def make_store(connection: ConnectionConfig) -> MetadataStore:
    """Returns a store with the types that TFX registers."""
    store = MetadataStore(connection)
    for name in _CONTEXT_TYPES:
        store.put_context_type(ContextType(name=name))
    store.put_execution_type(ExecutionType(name="node"))
    store.put_artifact_type(ArtifactType(name="PushedModel"))
    return store


def _context(store: MetadataStore, kind: str, name: str, pipeline: str = "digits") -> int:
    known = store.get_context_by_type_and_name(kind, name)
    if known:
        return known.id
    type_id = store.get_context_type(kind).id
    [context_id] = store.put_contexts([Context(type_id=type_id, name=name)])
    if kind == "pipeline_run":
        parent_id = _context(store, "pipeline", pipeline)
        store.put_parent_contexts([ParentContext(child_id=context_id, parent_id=parent_id)])
    return context_id


def add_node(  # noqa: PLR0913 - all that nodes differ in
    store: MetadataStore,
    run_id: str,
    node_id: str,
    state: int,
    *,
    pushed_version: str | None = None,
    pipeline: str = "digits",
    error: str = "",
) -> None:
    """Adds a node to a run; `pushed_version` None if it is no Pusher, "" if it did not push."""
    execution = Execution(type_id=store.get_execution_type("node").id, last_known_state=state)
    if error:
        execution.custom_properties[RESULT_PROPERTY].string_value = json.dumps(
            {"resultMessage": error}
        )
    [execution_id] = store.put_executions([execution])
    contexts = {"pipeline": pipeline, "pipeline_run": run_id, "node": f"{pipeline}.{node_id}"}
    store.put_attributions_and_associations(
        [],
        [
            Association(execution_id=execution_id, context_id=_context(store, kind, name, pipeline))
            for kind, name in contexts.items()
        ],
    )
    if pushed_version is not None:
        artifact = Artifact(type_id=store.get_artifact_type("PushedModel").id)
        artifact.custom_properties["pushed"].int_value = 1 if pushed_version else 0
        artifact.custom_properties["pushed_version"].string_value = pushed_version
        [artifact_id] = store.put_artifacts([artifact])
        event = Event(artifact_id=artifact_id, execution_id=execution_id, type=Event.OUTPUT)
        event.path.steps.add(key="pushed_model")
        event.path.steps.add(index=0)
        store.put_events([event])
