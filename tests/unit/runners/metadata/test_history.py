"""How a run ended, as ML Metadata tells it."""

import pytest
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

from runners.metadata.history import RunSummary, read_history

_CONTEXT_TYPES = ("pipeline", "pipeline_run", "node")


@pytest.fixture
def store() -> MetadataStore:
    """Metadata in memory, with the types that TFX registers."""
    store = MetadataStore(ConnectionConfig(fake_database={}))
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


def _add_node(
    store: MetadataStore,
    run_id: str,
    node_id: str,
    state: int,
    pushed_version: str | None = None,
    pipeline: str = "digits",
) -> None:
    """Adds a node to a run; `pushed_version` None if it is no Pusher, "" if it did not push."""
    type_id = store.get_execution_type("node").id
    [execution_id] = store.put_executions([Execution(type_id=type_id, last_known_state=state)])
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


def _only_run(store: MetadataStore) -> RunSummary:
    [run] = read_history(store, "digits", 20)
    return run


def test_a_run_that_pushed_names_its_version_and_counts_what_was_cached(store: MetadataStore):
    _add_node(store, "run", "Trainer", Execution.CACHED)
    _add_node(store, "run", "Pusher", Execution.COMPLETE, pushed_version="7")

    run = _only_run(store)

    assert (run.run_id, run.end, run.version) == ("run", "pushed", "7")
    assert (run.nodes, run.cached) == (2, 1)


def test_a_run_whose_push_came_from_the_cache_left_the_version_unchanged(store: MetadataStore):
    _add_node(store, "run", "Pusher", Execution.CACHED, pushed_version="7")

    assert (_only_run(store).end, _only_run(store).version) == ("unchanged", "7")


def test_a_run_whose_model_was_refused_ended_without_a_push(store: MetadataStore):
    _add_node(store, "run", "Pusher", Execution.COMPLETE, pushed_version="")

    assert (_only_run(store).end, _only_run(store).version) == ("not pushed", "")


def test_a_run_that_failed_names_the_node_that_did(store: MetadataStore):
    _add_node(store, "run", "StatisticsGen", Execution.COMPLETE)
    _add_node(store, "run", "Trainer", Execution.FAILED)

    assert (_only_run(store).end, _only_run(store).node_id) == ("failed", "Trainer")


def test_a_run_that_was_killed_in_a_node_stopped_there(store: MetadataStore):
    _add_node(store, "run", "StatisticsGen", Execution.COMPLETE)
    _add_node(store, "run", "Trainer", Execution.RUNNING)

    assert (_only_run(store).end, _only_run(store).node_id) == ("stopped", "Trainer")


def test_a_run_that_was_killed_between_nodes_ended_early_after_the_last_one(store: MetadataStore):
    _add_node(store, "run", "IdxExampleGen", Execution.COMPLETE)
    _add_node(store, "run", "StatisticsGen", Execution.COMPLETE)

    assert (_only_run(store).end, _only_run(store).node_id) == ("ended early", "StatisticsGen")


def test_the_last_runs_come_newest_first(store: MetadataStore):
    for run_id in ("first", "second", "third"):
        _add_node(store, run_id, "Trainer", Execution.COMPLETE)

    assert [run.run_id for run in read_history(store, "digits", 2)] == ["third", "second"]


def test_a_run_of_another_pipeline_with_the_same_id_is_not_mixed_in(store: MetadataStore):
    _add_node(store, "scheduled__4", "Trainer", Execution.COMPLETE)
    _add_node(store, "scheduled__4", "Pusher", Execution.COMPLETE, "7", pipeline="letters")

    run = _only_run(store)

    assert (run.end, run.node_id, run.nodes) == ("ended early", "Trainer", 1)


def test_a_pipeline_that_never_ran_has_no_runs(store: MetadataStore):
    assert read_history(store, "digits", 20) == []
