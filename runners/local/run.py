"""Runs the pipeline on this machine with TFX's LocalDagRunner."""

import dataclasses
import logging
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Protocol

from absl import logging as absl_logging
from ml_metadata import MetadataStore
from tfx.orchestration.local.local_dag_runner import LocalDagRunner

from components.model_exporter.proof.asking import check_runtimes
from modules.distribution.devices import prepare_devices
from pipeline.config import PipelineConfig
from pipeline.node_ids import PUSHER
from runners.failure import cause_of
from runners.interrupts import Interruption
from runners.local.events import NodeObserver, observe_nodes
from runners.local.outcome import RunOutcome
from runners.local.outcome_reader import read_outcome
from runners.local.partial_run import make_partial_run
from runners.local.run_id import new_run_id
from runners.metadata.connection import open_store, sqlite_connection
from runners.metadata.records import read_run
from runners.metadata.recovery import close_dead_executions, record_cause
from runners.metadata.states import NodeState
from runners.orchestration.compiled import compile_run

logger = logging.getLogger(__name__)


class RunDisplay(NodeObserver, Protocol):
    """An observer that also wants to know the nodes before they run."""

    def nodes_known(self, node_ids: Sequence[str]) -> None:
        """The pipeline consists of `node_ids`, in the order of the flow."""


def run_locally(
    config: PipelineConfig,
    display: RunDisplay,
    run_id: str,
    interruption: Interruption | None = None,
    *,
    from_nodes: Collection[str] = (),
    to_nodes: Collection[str] = (),
) -> RunOutcome:
    """Runs the pipeline in this process and says what came of it.

    If the version that a cached push made is gone from the serving directory, it is pushed again.
    Needs the run lock of `config.pipeline_root`. Artifacts go under that root, metadata into
    SQLite at `config.metadata_path`. What an earlier run finished is taken from the cache; what
    it left unfinished is tidied up first.

    Args:
      config: The pipeline's configuration.
      display: Told what happens.
      run_id: What the run is called in metadata.
      interruption: Whether somebody has asked for an end; a KeyboardInterrupt always says so.
      from_nodes: Run these nodes anew, and what follows them; the nodes before them are not run,
        their output of the last run is used.
      to_nodes: Run nothing after these nodes.

    Raises:
      ValueError: There is no node of that name, or no run holds what comes before.
      NodeMissingError: What an export would be proven with is not there.
    """
    check_runtimes(config.exports)
    # TensorFlow fixes its devices with its first operation, which an earlier node would run.
    prepare_devices(
        logical_cpus=config.training.logical_cpus,
        # The processes of a training that has several take the GPUs themselves.
        hide_gpus=config.training.hide_gpus or config.training.trains_apart,
    )
    interruption = interruption or Interruption()
    outcome = _run_once(config, display, interruption, run_id, from_nodes, to_nodes)
    if not _push_is_gone(outcome):
        return outcome
    logger.warning("%s is gone; pushing the model again", outcome.pushed_to)
    again = _run_once(config, display, interruption, new_run_id(), [PUSHER], [PUSHER])
    nodes = {node.node_id: node for node in outcome.nodes} | {
        node.node_id: node for node in again.nodes if node.node_id == PUSHER
    }
    return dataclasses.replace(
        outcome,
        exit_code=again.exit_code,
        nodes=tuple(nodes.values()),
        pushed_version=again.pushed_version,
        pushed_to=again.pushed_to,
        served_version=again.served_version,
        failed_node=again.failed_node,
        cause=again.cause,
    )


def _push_is_gone(outcome: RunOutcome) -> bool:
    """Whether the push is one of an earlier run, whose version is no longer where it was put."""
    is_local = bool(outcome.pushed_to) and "://" not in outcome.pushed_to
    from_cache = any(
        node.node_id == PUSHER and node.state == NodeState.CACHED for node in outcome.nodes
    )
    return is_local and from_cache and not Path(outcome.pushed_to).exists()


def _run_once(
    config: PipelineConfig,
    display: RunDisplay,
    interruption: Interruption,
    run_id: str,
    from_nodes: Collection[str],
    to_nodes: Collection[str],
) -> RunOutcome:
    Path(config.metadata_path).parent.mkdir(parents=True, exist_ok=True)
    absl_logging.set_verbosity(absl_logging.INFO)  # what nodes do is read from TFX's log
    ir = compile_run(config, run_id, sqlite_connection(config.metadata_path))
    store = open_store(config.metadata_path)
    options = make_partial_run(ir, store, from_nodes, to_nodes)
    node_ids = [node.pipeline_node.node_info.id for node in ir.nodes]
    _tidy_up(store, config, "the run's process ended before the node did")
    display.nodes_known(node_ids)
    cause = ""
    try:
        with observe_nodes(display, interruption), interruption.recognised():
            LocalDagRunner().run_with_ir(ir, options)
    except Exception as error:
        logger.exception("The run failed")
        cause = cause_of(error)
        record_cause(config.metadata_path, run_id, cause)
    except KeyboardInterrupt:
        _tidy_up(store, config, NodeState.INTERRUPTED)
        # Where TFX took the interrupt for an error of the node, it has ended that itself.
        record_cause(config.metadata_path, run_id, NodeState.INTERRUPTED)
        raise
    return read_outcome(read_run(store, run_id), config, run_id, node_ids, cause)


def _tidy_up(store: MetadataStore, config: PipelineConfig, reason: str) -> None:
    dead = close_dead_executions(
        store, config.pipeline_name, Path(config.pipeline_root), reason=reason
    )
    if dead:
        logger.warning("Marked as failed, because %s: %s", reason, ", ".join(dead))
