"""A run is held to one compiled pipeline, and a node's execution to one try."""

import dataclasses
from pathlib import Path

import pytest
from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import ConnectionConfig, Execution
from tfx.orchestration.metadata import Metadata
from tfx.orchestration.portable import execution_publish_utils
from tfx.orchestration.portable.mlmd import context_lib

from pipeline.config import PipelineConfig
from runners.interrupts import Interruption
from runners.metadata.connection import sqlite_connection
from runners.metadata.history import read_history
from runners.node.attempt import NodeAttempt
from runners.node.end import NodeEnd
from runners.node.launch import launch_node
from runners.orchestration.compiled import (
    CompiledPipeline,
    StaleIrError,
    compile_pipeline,
    read_compiled,
)
from runners.orchestration.exit_codes import FAILED, SUCCEEDED
from support.disks.small import files_limited_to

RUN = "scheduled__2026-11-22"


@pytest.fixture
def connection(tmp_path: Path) -> ConnectionConfig:
    return sqlite_connection(str(tmp_path / "metadata.db"))


def _compile(tmp_path: Path, **settings: object) -> CompiledPipeline:
    root = {"pipeline_root": str(tmp_path / "runs")}
    return compile_pipeline(PipelineConfig.model_validate(root | settings))


def _launch(compiled: CompiledPipeline, connection: ConnectionConfig) -> NodeEnd:
    ir = compiled.make_run(RUN, {})
    return launch_node(
        ir, "SchemaImporter", compiled.config, connection, compiled.digest, Interruption()
    )


def test_the_digest_is_that_of_both_files_as_they_are_read_again(tmp_path: Path):
    compiled = _compile(tmp_path)

    ir_path, _ = compiled.write(str(tmp_path / "tfx_mnist"))
    read = read_compiled(ir_path)

    read.check_digest(compiled.digest)
    other = dataclasses.replace(read.graph, config={**read.graph.config, "keep_versions": 7})
    for changed in (dataclasses.replace(read, graph=other), _compile(tmp_path, keep_versions=7)):
        with pytest.raises(StaleIrError, match="give the orchestrator all of them"):
            changed.check_digest(compiled.digest)


def test_a_file_system_that_is_full_leaves_what_was_compiled_before(tmp_path: Path):
    folder = tmp_path / "dags"
    folder.mkdir()
    _compile(tmp_path).write(str(folder / "tfx_mnist"))
    before = {path: path.read_text() for path in folder.iterdir()}

    with files_limited_to(1000), pytest.raises(OSError, match="too large"):
        _compile(tmp_path, keep_versions=7).write(str(folder / "tfx_mnist"))

    assert {path: path.read_text() for path in folder.iterdir()} == before


def test_a_run_goes_on_with_what_it_began_with_and_nothing_else(
    tmp_path: Path, connection: ConnectionConfig
):
    compiled = _compile(tmp_path)
    assert _launch(compiled, connection).exit_code == SUCCEEDED

    again = _launch(compiled, connection)
    other = _launch(_compile(tmp_path, keep_versions=7), connection)

    assert again.exit_code == SUCCEEDED
    assert other.exit_code == FAILED
    assert f"expected the compiled pipeline that run {RUN} began with" in other.headline
    assert "Start a new run" in other.headline


def test_runs_of_two_pipelines_may_have_the_same_id_and_each_has_its_own_history(
    tmp_path: Path, connection: ConnectionConfig
):
    names = ("digits", "letters")
    for name in names:
        assert _launch(_compile(tmp_path, pipeline_name=name), connection).exit_code == SUCCEEDED

    store = MetadataStore(connection)
    for name in names:
        [run] = read_history(store, name, 20)
        assert (run.run_id, run.nodes) == (RUN, 1)


def test_a_late_stop_leaves_the_execution_to_the_try_that_has_taken_it_over(
    tmp_path: Path, connection: ConnectionConfig
):
    compiled = _compile(tmp_path)
    ir = compiled.make_run(RUN, {})
    [node] = [
        each.pipeline_node
        for each in ir.nodes
        if each.pipeline_node.node_info.id == "SchemaImporter"
    ]
    metadata = Metadata(connection)
    first, second = (NodeAttempt(metadata, node, compiled.config.pipeline_root) for _ in range(2))
    assert first.take_over() is None
    with metadata as handle:
        contexts = context_lib.prepare_contexts(handle, node.contexts)
        execution_id = execution_publish_utils.register_execution(
            handle, node.node_info.type, contexts
        ).id
    folder = tmp_path / "runs" / "SchemaImporter" / "schema" / str(execution_id)
    folder.mkdir(parents=True)

    assert second.take_over() is None
    assert not folder.exists()
    folder.mkdir()
    first.stop("stopped by a signal")
    assert folder.exists()
    assert "earlier try was killed" in _result(connection, execution_id)

    second.stop("stopped by a signal")
    assert not folder.exists()
    assert "stopped by a signal" in _result(connection, execution_id)


def test_a_first_try_closes_its_own_execution(tmp_path: Path, connection: ConnectionConfig):
    compiled = _compile(tmp_path)
    node = compiled.make_run(RUN, {}).nodes[0].pipeline_node
    metadata = Metadata(connection)
    attempt = NodeAttempt(metadata, node, compiled.config.pipeline_root)
    attempt.take_over()
    with metadata as handle:
        contexts = context_lib.prepare_contexts(handle, node.contexts)
        made = execution_publish_utils.register_execution(handle, node.node_info.type, contexts)

    attempt.stop("stopped by a signal")

    [execution] = MetadataStore(connection).get_executions_by_id([made.id])
    assert execution.last_known_state == Execution.FAILED


def test_a_cause_is_written_by_the_try_that_failed_and_not_by_one_before_it(
    tmp_path: Path, connection: ConnectionConfig
):
    compiled = _compile(tmp_path)
    node = compiled.make_run(RUN, {}).nodes[0].pipeline_node
    metadata = Metadata(connection)
    first, second = (NodeAttempt(metadata, node, compiled.config.pipeline_root) for _ in range(2))
    first.take_over()
    with metadata as handle:
        contexts = context_lib.prepare_contexts(handle, node.contexts)
        execution_id = execution_publish_utils.register_execution(
            handle, node.node_info.type, contexts, exec_properties={}
        ).id
    first.stop("the disk is full")
    first.fail("the disk is full, as df says")
    assert "as df says" in _result(connection, execution_id)
    second.take_over()

    second.fail("a file is missing")
    first.fail("the disk was full")

    assert "a file is missing" in _result(connection, execution_id)


def _result(connection: ConnectionConfig, execution_id: int) -> str:
    [execution] = MetadataStore(connection).get_executions_by_id([execution_id])
    return str(execution.custom_properties["__execution_result__"].string_value)
