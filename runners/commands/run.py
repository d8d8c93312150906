"""`tfx-mnist run`: the whole pipeline on this machine."""

import dataclasses
import datetime as dt
import getpass
import logging
import os
import re
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import TextIO

import click

from components.anomaly_gate.acceptance import DATA_PATTERN, make_acceptance
from pipeline.config import PipelineConfig
from pipeline.node_ids import (
    ANOMALY_GATE,
    IDX_EXAMPLE_GEN,
    NODE_IDS,
    PREVIOUS_STATISTICS_RESOLVER,
    UPSTREAM,
)
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.quiet import log_to_file
from runners.failure import cause_of
from runners.interrupts import Interruption, interruptible
from runners.local.display import make_display
from runners.local.inputs import check_inputs
from runners.local.lock import RunLockedError, lock_run
from runners.local.outcome import FAILED, INTERRUPTED, RunOutcome, write_run_file
from runners.local.outputs import check_outputs
from runners.local.run_id import new_run_id
from runners.local.summary import print_summary
from runners.shared_memory import check_shared_memory
from runners.terminal.console import make_console

_INPUTS = "inputs"
"""What has failed, in place of a node, if nothing was begun."""

logger = logging.getLogger(__name__)


def _check_data_name(
    context: click.Context, option: click.Parameter, value: str | None
) -> str | None:
    if value is not None and not re.fullmatch(DATA_PATTERN, value):
        raise click.BadParameter(
            f"expected the name that the refusal tells, 12 hexadecimal digits; received {value!r}.",
            context,
            option,
        )
    return value


@click.command()
@configuration_options
@click.option(
    "--from",
    "from_node",
    type=click.Choice(NODE_IDS),
    metavar="NODE",
    help="Run NODE anew and what follows it.",
)
@click.option(
    "--only",
    "only_node",
    type=click.Choice(NODE_IDS),
    metavar="NODE",
    help="Run NODE anew and nothing else.",
)
@click.option(
    "--accept-new-data",
    "accepted_data",
    metavar="DATA",
    callback=_check_data_name,
    help="Accept the data that AnomalyGate refused as drift under this name; noted with yours.",
)
@click.option("--wait", is_flag=True, help="Wait for another run on the same root to end.")
def run(  # noqa: PLR0913, PLR0917 - click hands over each option
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    from_node: str | None,
    only_node: str | None,
    accepted_data: str | None,
    wait: bool,  # noqa: FBT001 - click hands it over by name
) -> None:
    """Run the pipeline here: from the IDX files to a pushed model.

    Exit code: 0 blessed and pushed, 3 not blessed, 1 failed, 2 bad usage, 130 interrupted.
    """
    if from_node and only_node:
        raise click.UsageError("--from and --only exclude each other")
    acceptance = _accept(accepted_data, from_node, only_node)
    config = read_configuration(config_file, preset, (*overrides, *acceptance))
    _refuse_remote(config)
    started = time.monotonic()
    root = Path(config.pipeline_root)
    stamp = dt.datetime.now(tz=dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    log_file = root / "logs" / f"{stamp}-{os.getpid()}.log"
    try:
        check_outputs(config)
        with (
            interruptible() as interruption,
            lock_run(config, wait=wait, on_wait=click.echo),
            log_to_file(log_file) as terminal,
        ):
            from_nodes = _list_first_nodes(from_node, only_node)
            to_nodes = [only_node] if only_node else []
            outcome = _run(config, terminal, interruption, from_nodes, to_nodes)
            outcome = dataclasses.replace(outcome, log_file=str(log_file))
            report_file = _write_report(outcome, config, terminal)
            outcome = dataclasses.replace(
                outcome, seconds=time.monotonic() - started, report_file=report_file
            )
            try:  # first what is kept: a terminal may be gone by now
                write_run_file(outcome, root, config.model_dump(mode="json"))
            finally:
                print_summary(outcome, make_console(terminal))
    except (RunLockedError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)
    sys.stdout.flush()
    sys.stderr.flush()
    # Taking TensorFlow and Beam down in order takes seconds of CPU and changes nothing.
    os._exit(outcome.exit_code)


def _accept(accepted_data: str | None, from_node: str | None, only_node: str | None) -> list[str]:
    """Returns what is set, as by --set, for a run that accepts data."""
    if accepted_data is None:
        return []
    if not _runs_gate(from_node, only_node):
        raise click.UsageError("--accept-new-data: AnomalyGate is no node of this partial run")
    return [f"examples.new_data_accepted_by={make_acceptance(_user_name(), accepted_data)}"]


def _runs_gate(from_node: str | None, only_node: str | None) -> bool:
    """Returns whether AnomalyGate is among the nodes that are to run."""
    if only_node:
        return only_node == ANOMALY_GATE
    return from_node is None or from_node in {ANOMALY_GATE, *_find_ancestors(ANOMALY_GATE)}


def _list_first_nodes(from_node: str | None, only_node: str | None) -> list[str]:
    """Returns the nodes that a partial run begins with; none if all are to run."""
    node = from_node or only_node
    if node is None:
        return []
    if _runs_gate(from_node, only_node) and node != PREVIOUS_STATISTICS_RESOLVER:
        # What the gate compares with may have changed since, by an acceptance.
        return [node, PREVIOUS_STATISTICS_RESOLVER]
    return [node]


def _find_ancestors(node: str) -> set[str]:
    parents = set(UPSTREAM[node])
    return parents.union(*map(_find_ancestors, parents))


def _user_name() -> str:
    """Returns the name of who runs this; the number where it has no name, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _refuse_remote(config: PipelineConfig) -> None:
    """Refuses what would become a folder named `gs:`: lock, log and SQLite are local files."""
    for key in ("pipeline_root", "metadata_path"):
        path = getattr(config, key)
        if "://" in path:
            raise click.UsageError(
                f"{key}: expected a path on this machine, where a local run keeps its lock, log "
                f"and metadata; received {path}. Only data_root, schema_path and "
                "serving_model_dir may be remote here. For a remote pipeline_root use an "
                "orchestrator (tfx-mnist compile)."
            )


def _run(
    config: PipelineConfig,
    terminal: TextIO,
    interruption: Interruption,
    from_nodes: Collection[str],
    to_nodes: Collection[str],
) -> RunOutcome:
    run_id = new_run_id()
    try:
        if cause := _find_fault(config, from_nodes):
            logger.error("%s", cause)
            return RunOutcome(
                run_id=run_id, exit_code=FAILED, nodes=(), failed_node=_INPUTS, cause=cause
            )
        with make_display(terminal) as display, interruption.recognised():
            from runners.local.run import run_locally  # noqa: PLC0415 - TensorFlow comes with it

            return run_locally(
                config, display, run_id, interruption, from_nodes=from_nodes, to_nodes=to_nodes
            )
    except KeyboardInterrupt:
        return RunOutcome(run_id=run_id, exit_code=INTERRUPTED, nodes=())
    except Exception as error:
        logger.exception("The run could not start")
        return RunOutcome(run_id=run_id, exit_code=FAILED, nodes=(), cause=str(error))


def _find_fault(config: PipelineConfig, from_nodes: Collection[str]) -> str:
    """Returns what would fail the run later, "" if nothing is seen to before it begins."""
    try:
        check_shared_memory()
        if not from_nodes or IDX_EXAMPLE_GEN in from_nodes:
            check_inputs(config)
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def _write_report(outcome: RunOutcome, config: PipelineConfig, terminal: TextIO) -> str:
    """Returns the path of the run's report, "" if none can be made: it changes no run's end."""
    if outcome.failed_node == _INPUTS:  # nothing was begun
        return ""
    try:
        # ML Metadata comes with these, and takes its time.
        from runners.local.report import write_local_report  # noqa: PLC0415

        return str(write_local_report(outcome, config))
    except (Exception, KeyboardInterrupt) as error:
        logger.warning("The report cannot be made", exc_info=True)
        terminal.write(f"Warning: the report of this run cannot be made: {cause_of(error)}\n")
        return ""
