"""Tidies up after a run that ended without a word: killed, out of memory, power cut.

Only for the holder of the run lock: then an execution that metadata calls running has no process.
"""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import Execution
from tfx.dsl.io import fileio

from modules.folders import remove_folder
from runners.metadata.connection import open_store
from runners.metadata.records import RESULT_PROPERTY, list_executions, node_id_of, state_of
from runners.metadata.states import NodeState

logger = logging.getLogger(__name__)


def close_dead_executions(
    store: MetadataStore, pipeline_name: str, pipeline_root: Path, *, reason: str
) -> list[str]:
    """Marks every unfinished execution of the pipeline as failed and removes its half-made output.

    Args:
      store: The metadata of the pipeline.
      pipeline_name: Executions of other pipelines in the same store are left alone.
      pipeline_root: Where TFX puts outputs: <root>/<node>/<output key>/<execution id>.
      reason: Recorded as why they failed.

    Returns:
      The node ids of those executions.
    """
    context = store.get_context_by_type_and_name("pipeline", pipeline_name)
    if context is None:
        return []
    dead = [
        execution
        for execution in store.get_executions_by_context(context.id)
        if state_of(execution) == NodeState.RUNNING
    ]
    return [
        close_execution(store, execution, str(pipeline_root), reason=reason) for execution in dead
    ]


def close_execution(
    store: MetadataStore, execution: Execution, pipeline_root: str, *, reason: str
) -> str:
    """Marks one execution as failed and removes its half-made output.

    Returns:
      The id of its node.
    """
    node_id = node_id_of(store, execution)
    for folder in _output_folders(f"{pipeline_root}/{node_id}", execution.id):
        remove_folder(folder)
    execution.last_known_state = Execution.FAILED
    set_cause(execution, reason)
    store.put_executions([execution])
    return node_id


def record_cause(metadata_path: str, run_id: str, cause: str) -> None:
    """Writes why a run's node failed into metadata; TFX does so only for nodes of other processes.

    If that fails, on a full disk for one, it is only logged: the cause is what a person must see.

    Args:
      metadata_path: The SQLite file.
      run_id: The run whose failed node gets the cause.
      cause: What a person is told.
    """
    try:
        # Not the caller's store, which a write that fails would leave in an open transaction.
        store = open_store(metadata_path)
        executions = list_executions(store, run_id)
        failed = [each for each in executions if each.last_known_state == Execution.FAILED]
        for execution in failed:
            set_cause(execution, cause)
        store.put_executions(failed)
    except Exception:
        logger.exception("Metadata does not take the cause of the failure")


def set_cause(execution: Execution, cause: str) -> None:
    """Says in an execution why it failed, as TFX does for nodes of other processes."""
    content = json.dumps({"resultMessage": cause})
    execution.custom_properties[RESULT_PROPERTY].string_value = content


def _output_folders(node_folder: str, execution_id: int) -> Iterator[str]:
    """Yields what TFX made for an execution, the working files under .system included."""
    yield from fileio.glob(f"{node_folder}/*/{execution_id}")
    yield from fileio.glob(f"{node_folder}/.system/*/{execution_id}")
