"""Which nodes there are, and which earlier run a part of the pipeline goes on from."""

from pathlib import Path

import pytest
from ml_metadata.proto.metadata_store_pb2 import Execution
from tfx.orchestration.metadata import Metadata
from tfx.orchestration.portable import (
    execution_publish_utils,
    partial_run_utils,
)
from tfx.orchestration.portable.mlmd import context_lib
from tfx.proto.orchestration import pipeline_pb2

from components.run_report.artifact import PREVIOUS_STATISTICS_KEY
from pipeline.config import PipelineConfig
from pipeline.config_sources import load_config
from pipeline.node_ids import (
    MODEL_EXPORTER,
    NODE_IDS,
    NODES_ON_REQUEST,
    PREVIOUS_STATISTICS_RESOLVER,
    RUN_REPORT,
    TUNER,
    UPSTREAM,
)
from runners.local.partial_run import make_partial_run
from runners.metadata.connection import sqlite_connection
from runners.orchestration.compiled import compile_run
from runners.run_report.measurements import OUTPUTS
from support.trainings import SCHEMA_PATH

AFTER_TRAINER = {"ServabilityValidator", "latest_blessed_model_resolver", "Evaluator", "Pusher"}


CONFIG = load_config(overrides=[f"schema_path={SCHEMA_PATH}"])


def _compile(run_id: str, config: PipelineConfig = CONFIG) -> pipeline_pb2.Pipeline:
    return compile_run(config, run_id)


def _node_ids(ir: pipeline_pb2.Pipeline) -> tuple[str, ...]:
    return tuple(node.pipeline_node.node_info.id for node in ir.nodes)


def _record_run(metadata: Metadata, run_id: str, node_ids: set[str]) -> None:
    """Records a run in which `node_ids` were done, as TFX records it."""
    nodes = [node.pipeline_node for node in _compile(run_id).nodes]
    for node in nodes:
        if node.node_info.id in node_ids:
            contexts = context_lib.prepare_contexts(metadata, node.contexts)
            execution = execution_publish_utils.register_execution(
                metadata, node.node_info.type, contexts
            )
            execution.last_known_state = Execution.COMPLETE
            metadata.store.put_executions([execution])


def test_the_ids_of_the_command_line_are_those_of_the_pipeline():
    assert _node_ids(_compile("run", CONFIG.with_every_node())) == NODE_IDS


def test_what_is_drawn_between_nodes_is_what_they_wait_for():
    waits = {
        node.pipeline_node.node_info.id: set(node.pipeline_node.upstream_nodes)
        for node in _compile("run", CONFIG.with_every_node()).nodes
    }

    assert {name: set(upstream) for name, upstream in UPSTREAM.items()} == waits


def test_a_report_that_is_made_again_looks_where_its_node_does():
    [node] = [
        node.pipeline_node
        for node in _compile("run", CONFIG.with_every_node()).nodes
        if node.pipeline_node.node_info.id == RUN_REPORT
    ]
    inputs = {
        key: (channel.producer_node_query.id, channel.output_key)
        for key, value in node.inputs.inputs.items()
        for channel in value.channels
    }

    assert inputs.pop(PREVIOUS_STATISTICS_KEY)[0] == PREVIOUS_STATISTICS_RESOLVER
    assert inputs == OUTPUTS


def test_a_pipeline_that_exports_and_tunes_nothing_is_that_of_before_there_was_either():
    ir = _compile("run")

    assert [node for node in NODE_IDS if not CONFIG.has_node(node)] == [TUNER, MODEL_EXPORTER]
    # Nodes that do not wait for each other may change places.
    assert sorted(_node_ids(ir)) == sorted(set(NODE_IDS) - set(NODES_ON_REQUEST))
    # One more input or parameter, and every earlier model would be trained and pushed again.
    assert "exports" not in str(ir)
    assert "best_hyperparameters" not in str(ir)
    assert "tuner" not in str(ir)


@pytest.mark.parametrize(
    ("from_node", "missing"),
    [
        ("ServabilityValidator", AFTER_TRAINER),
        ("Evaluator", AFTER_TRAINER),
        # Here even what is before the Evaluator is there, but not what else the Pusher takes.
        ("Evaluator", AFTER_TRAINER - {"latest_blessed_model_resolver"}),
    ],
)
def test_what_follows_a_training_goes_on_from_a_run_that_holds_all_that_tfx_wants(
    from_node: str, missing: set[str], tmp_path: Path
):
    ir = _compile("part")
    with Metadata(sqlite_connection(str(tmp_path / "metadata.db"))) as metadata:
        _record_run(metadata, "whole", set(NODE_IDS))
        _record_run(metadata, "part before", set(NODE_IDS) - missing)

        options = make_partial_run(ir, metadata.store, [from_node], [])

        partial_run = options.partial_run
        partial_run_utils.mark_pipeline(
            ir,
            from_nodes=partial_run.from_nodes,
            snapshot_settings=partial_run.snapshot_settings,
        )
        partial_run_utils.snapshot(metadata, ir)  # raises where an output is missing
    strategy = partial_run.snapshot_settings.base_pipeline_run_strategy
    assert strategy.base_run_id == "whole"


def test_one_node_goes_on_from_the_last_run_that_holds_what_is_before_it(tmp_path: Path):
    with Metadata(sqlite_connection(str(tmp_path / "metadata.db"))) as metadata:
        _record_run(metadata, "only the Trainer", set(NODE_IDS) - AFTER_TRAINER)

        options = make_partial_run(
            _compile("part"), metadata.store, ["ServabilityValidator"], ["ServabilityValidator"]
        )

    strategy = options.partial_run.snapshot_settings.base_pipeline_run_strategy
    assert strategy.base_run_id == "only the Trainer"


@pytest.mark.parametrize("node", ["IdxExampleGen", "SchemaImporter"])
def test_a_node_that_needs_no_other_runs_where_there_is_no_run_yet(node: str, tmp_path: Path):
    ir = _compile("part")
    with Metadata(sqlite_connection(str(tmp_path / "metadata.db"))) as metadata:
        options = make_partial_run(ir, metadata.store, [node], [node])

    assert options is None
    assert _node_ids(ir) == (node,)
    [left] = ir.nodes
    assert not left.pipeline_node.downstream_nodes
    assert not left.pipeline_node.execution_options.caching_options.enable_cache


def test_what_is_missing_is_named_where_there_is_no_run_yet(tmp_path: Path):
    with (
        Metadata(sqlite_connection(str(tmp_path / "metadata.db"))) as metadata,
        pytest.raises(ValueError, match="the outputs of IdxExampleGen, SchemaImporter"),
    ):
        make_partial_run(_compile("part"), metadata.store, ["StatisticsGen"], ["StatisticsGen"])
