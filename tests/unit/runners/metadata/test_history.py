"""How a run ended, as ML Metadata tells it."""

import pytest
from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import ConnectionConfig, Execution

from runners.metadata.history import RunSummary, read_history
from support.metadata.recorded_runs import add_node, make_store


@pytest.fixture
def store() -> MetadataStore:
    return make_store(ConnectionConfig(fake_database={}))


def _only_run(store: MetadataStore) -> RunSummary:
    [run] = read_history(store, "digits", 20)
    return run


def test_a_run_that_pushed_names_its_version_and_counts_what_was_cached(store: MetadataStore):
    add_node(store, "run", "Trainer", Execution.CACHED)
    add_node(store, "run", "Pusher", Execution.COMPLETE, pushed_version="7")

    run = _only_run(store)

    assert (run.run_id, run.end, run.version) == ("run", "pushed", "7")
    assert (run.nodes, run.cached) == (2, 1)


def test_a_run_whose_push_came_from_the_cache_left_the_version_unchanged(store: MetadataStore):
    add_node(store, "run", "Pusher", Execution.CACHED, pushed_version="7")

    assert (_only_run(store).end, _only_run(store).version) == ("unchanged", "7")


def test_a_run_whose_model_was_refused_ended_without_a_push(store: MetadataStore):
    add_node(store, "run", "Pusher", Execution.COMPLETE, pushed_version="")

    assert (_only_run(store).end, _only_run(store).version) == ("not pushed", "")


def test_a_run_that_failed_names_the_node_that_did(store: MetadataStore):
    add_node(store, "run", "StatisticsGen", Execution.COMPLETE)
    add_node(store, "run", "Trainer", Execution.FAILED)

    assert (_only_run(store).end, _only_run(store).node_id) == ("failed", "Trainer")


def test_a_run_that_was_killed_in_a_node_stopped_there(store: MetadataStore):
    add_node(store, "run", "StatisticsGen", Execution.COMPLETE)
    add_node(store, "run", "Trainer", Execution.RUNNING)

    assert (_only_run(store).end, _only_run(store).node_id) == ("stopped", "Trainer")


def test_a_run_that_was_killed_between_nodes_ended_early_after_the_last_one(store: MetadataStore):
    add_node(store, "run", "IdxExampleGen", Execution.COMPLETE)
    add_node(store, "run", "StatisticsGen", Execution.COMPLETE)

    assert (_only_run(store).end, _only_run(store).node_id) == ("ended early", "StatisticsGen")


def test_the_last_runs_come_newest_first(store: MetadataStore):
    for run_id in ("first", "second", "third"):
        add_node(store, run_id, "Trainer", Execution.COMPLETE)

    assert [run.run_id for run in read_history(store, "digits", 2)] == ["third", "second"]


def test_a_run_of_another_pipeline_with_the_same_id_is_not_mixed_in(store: MetadataStore):
    add_node(store, "scheduled__4", "Trainer", Execution.COMPLETE)
    add_node(
        store, "scheduled__4", "Pusher", Execution.COMPLETE, pushed_version="7", pipeline="letters"
    )

    run = _only_run(store)

    assert (run.end, run.node_id, run.nodes) == ("ended early", "Trainer", 1)


def test_a_pipeline_that_never_ran_has_no_runs(store: MetadataStore):
    assert read_history(store, "digits", 20) == []
