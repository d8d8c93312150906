"""Runs one node of a run with TFX's launcher, and says how it ended."""

import logging
from collections.abc import Sequence

from ml_metadata.proto.metadata_store_pb2 import ConnectionConfig
from tfx.orchestration.local import runner_utils
from tfx.orchestration.metadata import Metadata
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.orchestration.portable.launcher import Launcher
from tfx.orchestration.portable.mlmd import context_lib
from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

from components.model_exporter.proof.asking import check_runtimes
from pipeline.config import PipelineConfig
from runners.failure import cause_of
from runners.interrupts import Interruption
from runners.metadata.ordered_store import OrderedMetadata
from runners.metadata.records import read_node
from runners.metadata.registered_types import check_types, types_written_by
from runners.metadata.states import SUCCESSFUL
from runners.node.attempt import NodeAttempt
from runners.node.compiled_run import join_run
from runners.node.end import NodeEnd
from runners.node.verdict import describe_checks, describe_result, describe_skip
from runners.orchestration.exit_codes import FAILED, SKIPPED, SUCCEEDED
from runners.shared_memory import check_shared_memory

logger = logging.getLogger(__name__)


def launch_node(
    ir: pipeline_pb2.Pipeline,
    node_id: str,
    config: PipelineConfig,
    connection: ConnectionConfig,
    digest: str,
    interruption: Interruption,
) -> NodeEnd:
    """Runs a node to its end, or finds that it has ended before.

    The second try of a node in the same run goes on with the execution of the first. If that one
    was killed, its half-made output is removed; if it succeeded, nothing is run.

    Args:
      ir: The pipeline, the run's id in it.
      node_id: Which node of it.
      config: The configuration of the run.
      connection: Where ML Metadata is.
      digest: Of the compiled pipeline; all nodes of a run have the same.
      interruption: Whether somebody has asked for an end.
    """
    node = _find_node(ir, node_id)
    run_id = ir.runtime_spec.pipeline_run_id.field_value.string_value
    metadata = OrderedMetadata(connection)
    attempt = NodeAttempt(metadata, node, config.pipeline_root)
    try:
        check_runtimes(config.exports)  # in each node, so that none before the exporter is in vain
        with metadata as handle:
            # Elsewhere the database lets only one of two processes insert a type.
            if connection.HasField("postgresql"):
                check_types(handle.store, types_written_by([node]))
            context_lib.prepare_contexts(handle, node.contexts)
            join_run(handle.store, config.pipeline_name, run_id, digest)
        earlier = attempt.take_over()
        if earlier:
            prefix = _already(node_id, run_id, earlier)
            return _read_end(metadata, earlier, config.data.class_names, prefix=prefix)
        with interruption.recognised():
            info = _launch(_make_launcher(ir, node, metadata), attempt)
    except KeyboardInterrupt:
        attempt.stop("stopped by a signal")
        return NodeEnd(exit_code=FAILED, headline=f"{node_id} failed: stopped by a signal")
    except Exception as error:
        logger.exception("%s failed", node_id)
        return NodeEnd(exit_code=FAILED, headline=f"{node_id} failed: {cause_of(error)}")
    if info is None or info.execution_id is None:
        return NodeEnd(
            exit_code=SKIPPED,
            headline=f"{node_id} skipped: the condition for it does not hold in this run",
        )
    return _read_end(metadata, info.execution_id, config.data.class_names)


def _find_node(ir: pipeline_pb2.Pipeline, node_id: str) -> pipeline_pb2.PipelineNode:
    nodes = {node.pipeline_node.node_info.id: node.pipeline_node for node in ir.nodes}
    if node_id not in nodes:
        raise ValueError(f"no such node: {node_id}; the nodes are {', '.join(nodes)}")
    return nodes[node_id]


def _make_launcher(
    ir: pipeline_pb2.Pipeline, node: pipeline_pb2.PipelineNode, metadata: Metadata
) -> Launcher:
    deployment = runner_utils.extract_local_deployment_config(ir)
    node_id = node.node_info.id
    executor_spec = runner_utils.extract_executor_spec(deployment, node_id)
    if isinstance(executor_spec, executable_spec_pb2.BeamExecutableSpec):
        check_shared_memory()
    return Launcher(
        pipeline_node=node,
        mlmd_connection=metadata,
        pipeline_info=ir.pipeline_info,
        pipeline_runtime_spec=ir.runtime_spec,
        executor_spec=executor_spec,
        custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, node_id),
    )


def _launch(launcher: Launcher, attempt: NodeAttempt) -> ExecutionInfo | None:
    try:
        return launcher.launch()
    except Exception as error:
        # Before this, there is no execution to write it into, and nothing is to be registered.
        attempt.fail(cause_of(error))
        raise


def _read_end(
    metadata: Metadata, execution_id: int, class_names: Sequence[str], *, prefix: str = ""
) -> NodeEnd:
    """Reads the end from metadata: launch() raises nothing where a node's inputs are missing."""
    with metadata as handle:
        [execution] = handle.store.get_executions_by_id([execution_id])
        record = read_node(handle.store, execution)
        if record.state not in SUCCESSFUL:
            cause = cause_of(record.error) or f"metadata calls its execution {record.state}"
            return NodeEnd(exit_code=FAILED, headline=f"{record.node_id} failed: {cause}")
        skip = describe_skip(handle.store, execution_id, record)
    if skip:
        headline = f"{prefix}{record.node_id} skipped: {skip}"
        return NodeEnd(exit_code=SKIPPED, headline=headline, record=record)
    return NodeEnd(
        exit_code=SUCCEEDED,
        headline=f"{prefix}{record.node_id} {record.state}{describe_result(record)}",
        checks=describe_checks(record, class_names),
        record=record,
    )


def _already(node_id: str, run_id: str, execution_id: int) -> str:
    return (
        f"{node_id} has already succeeded in run {run_id} (execution {execution_id}), so nothing "
        "was run: metadata keeps one result of a node in a run. To run it again, start a new run; "
        "with enable_cache=false it reuses nothing. Its result was:\n"
    )
