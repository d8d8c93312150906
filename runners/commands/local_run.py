"""A run on this machine with all that belongs to it: lock, log, display, report, run.json."""

import dataclasses
import datetime as dt
import logging
import os
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TextIO

import click
from rich.console import Console

from components.run_report.artifact import PAGE_FILE
from components.run_report.content.report import Report
from components.without_collections import without_collections
from pipeline.config import PipelineConfig
from pipeline.node_ids import IDX_EXAMPLE_GEN
from runners.commands.quiet import log_to_file
from runners.failure import cause_of
from runners.interrupts import Interruption, interruptible
from runners.local.display import make_display
from runners.local.inputs import check_inputs
from runners.local.last_run import find_unchanged, note_run, repeat_run
from runners.local.lock import RunLockedError, lock_run
from runners.local.outcome import FAILED, INTERRUPTED, RunOutcome, write_run_file
from runners.local.outputs import check_outputs
from runners.local.run_id import new_run_id
from runners.run_report.writing import write_report
from runners.shared_memory import check_shared_memory
from runners.terminal.console import make_console

_INPUTS = "inputs"
"""What has failed, in place of a node, if nothing was begun."""

logger = logging.getLogger(__name__)


def run_here(
    config: PipelineConfig,
    *,
    from_nodes: Collection[str] = (),
    to_nodes: Collection[str] = (),
    recheck: bool = False,
    wait: bool,
    tell: Callable[[RunOutcome, Console], None],
) -> RunOutcome:
    """Runs the pipeline, or a part of it, and tells what came of it.

    Args:
      config: The pipeline's configuration.
      from_nodes: Run these nodes anew, and what follows them; empty for all.
      to_nodes: Run nothing after these; empty for all.
      recheck: Run also if nothing has changed since the last run.
      wait: Wait for another run on the same root to end.
      tell: Writes the outcome to the terminal.

    Returns:
      The outcome, which stands in run.json too. If nothing could be begun, the process ends.

    Raises:
      click.UsageError: The pipeline root or the metadata is not on this machine.
    """
    _refuse_remote(config)
    started = time.monotonic()
    root = Path(config.pipeline_root)
    stamp = dt.datetime.now(tz=dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    log_file = root / "logs" / f"{stamp}-{os.getpid()}.log"
    is_whole = not from_nodes and not to_nodes
    try:
        check_outputs(config)
        with (
            interruptible() as interruption,
            lock_run(config, wait=wait, on_wait=click.echo),
            log_to_file(log_file) as terminal,
        ):
            last = find_unchanged(config) if is_whole and not recheck else None
            report: Report | None
            if last:
                outcome, report = repeat_run(last, str(log_file))
            else:
                outcome = _run(config, terminal, interruption, from_nodes, to_nodes)
                outcome = dataclasses.replace(outcome, log_file=str(log_file))
                report = _make_report(outcome, config, terminal)
            page = _write_page(report, root, terminal)
            outcome = dataclasses.replace(
                outcome, seconds=time.monotonic() - started, report_file=page
            )
            try:  # first what is kept: a terminal may be gone by now
                write_run_file(outcome, root, config.model_dump(mode="json"))
                if report and is_whole and not last:
                    note_run(config, outcome, report)
            finally:
                tell(outcome, make_console(terminal))
            return outcome
    except (RunLockedError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)


def end_at_once(exit_code: int) -> NoReturn:
    """Ends the process without taking TensorFlow and Beam down in order: that takes seconds."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


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
            with without_collections():
                from runners.local.run import run_locally  # noqa: PLC0415 - so does TensorFlow

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


def _make_report(outcome: RunOutcome, config: PipelineConfig, terminal: TextIO) -> Report | None:
    """Returns the run's report, None if none can be made."""
    report = None
    if outcome.failed_node != _INPUTS:  # else nothing was begun
        with _reports_are_optional(terminal):
            # ML Metadata comes with these, and takes its time.
            from runners.local.report import make_local_report  # noqa: PLC0415

            report = make_local_report(outcome, config)
    return report


def _write_page(report: Report | None, root: Path, terminal: TextIO) -> str:
    """Returns the path of the report's page, "" if there is none; an earlier one is replaced."""
    written = ""
    if report:
        with _reports_are_optional(terminal):
            write_report(report, root / PAGE_FILE)
            written = str(root / PAGE_FILE)
    return written


@contextmanager
def _reports_are_optional(terminal: TextIO) -> Iterator[None]:
    """Tells what goes wrong within the block, and goes on: a report changes no run's end."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        logger.warning("The report cannot be made", exc_info=True)
        terminal.write(f"Warning: the report of this run cannot be made: {cause_of(error)}\n")
