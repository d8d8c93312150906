"""Writes the report of a run of an orchestrator: its last task, whatever came before it.

`python -m runners.run_report --ir FILE --run-id ID [--mlmd URL] [--output FILE]`; `--help` has the
rest, at once (no TensorFlow).
"""

import logging
import multiprocessing
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from components.file_content import read_bytes
from components.run_report.content.report import Report
from components.run_report.content.run import WENT_THROUGH, Run
from components.run_report.page.verdict import find_verdict
from modules.parent_process import end_with_parent
from pipeline.config import PipelineConfig
from runners.failure import cause_of
from runners.metadata.url import MLMD_HELP
from runners.orchestration.graph import find_graph, parse_graph
from runners.run_report.file_names import name_file

_FOLDER = "reports"

logger = logging.getLogger("runners.run_report")


@dataclass(frozen=True, kw_only=True)
class _Order:
    """What is to be reported on, and where to."""

    ir_path: str
    run_id: str
    mlmd: str | None
    output: str | None


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--ir", "ir_path", required=True, metavar="FILE", help="The IR; its graph file is beside it."
)
@click.option("--run-id", required=True, metavar="ID", help="The run's id at the orchestrator.")
@click.option("--mlmd", metavar="URL_OR_FILE", help=MLMD_HELP)
@click.option(
    "--give-up-after",
    "seconds",
    type=click.IntRange(min=1),
    metavar="SECONDS",
    help="Without a report, if there is none by then. Default: never.",
)
@click.option(
    "--fail-with-run",
    is_flag=True,
    help="Exit with 1 after a run that failed: for orchestrators that can run the failed tasks of "
    "a run again.",
)
@click.option(
    "--output", metavar="FILE", help=f"Default: {_FOLDER}/PIPELINE/ID.html in the pipeline's root."
)
def main(
    ir_path: str,
    run_id: str,
    mlmd: str | None,
    output: str | None,
    seconds: int | None,
    *,
    fail_with_run: bool,
) -> None:
    """Write the report of a run that is over: one page that needs no network.

    The last line says where the report is, or why there is none. Exit code: 0 in both cases, since
    how a run ended is for its nodes to say; 1 only as --fail-with-run has it.
    """
    order = _Order(ir_path=ir_path, run_id=run_id, mlmd=mlmd, output=output)
    # A client of a database that waits for an answer can't be interrupted from within.
    process = multiprocessing.get_context("fork").Process(target=_report, args=(order, os.getpid()))
    process.start()
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()
        _tell(f"No report of run {run_id}: none within {seconds} s")
    elif process.exitcode not in (0, 1):
        _tell(f"No report of run {run_id}: its process ended with {process.exitcode}")
    elif process.exitcode and fail_with_run:
        sys.exit(1)


def _report(order: _Order, parent_pid: int) -> None:
    """Writes the report, and ends this process: with 1 if the run has failed."""
    end_with_parent(parent_pid)
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    has_failed = False
    try:
        page, report = _write(order)
    except Exception as error:  # of a database, an object store, a file of another version
        logger.warning("The report of run %s cannot be made", order.run_id, exc_info=True)
        _tell(f"No report of run {order.run_id}: {cause_of(error)}")
    else:
        _tell(f"{find_verdict(report).headline}. The report of run {order.run_id} is {page}")
        has_failed = isinstance(report.run, Run) and report.run.end not in WENT_THROUGH
    # Threads of Beam or TensorFlow may still wait for what will not come.
    os._exit(has_failed)


def _write(order: _Order) -> tuple[str, Report]:
    """Returns the path of the page, and what it says."""
    # ML Metadata comes with these, and takes its time.
    from ml_metadata import MetadataStore  # noqa: PLC0415

    from runners.metadata.connection import read_connection  # noqa: PLC0415
    from runners.run_report.making import make_report  # noqa: PLC0415
    from runners.run_report.record import Known  # noqa: PLC0415
    from runners.run_report.writing import write_report  # noqa: PLC0415

    graph = parse_graph(read_bytes(find_graph(order.ir_path)).decode())
    # As it was compiled: a report takes nothing from it that a run may set.
    config = PipelineConfig.model_validate(graph.config)
    connection = read_connection(order.mlmd, os.environ, default_path=config.metadata_path)
    folder = f"{config.pipeline_root}/{_FOLDER}/{config.pipeline_name}"
    page = order.output or f"{folder}/{name_file(order.run_id)}.html"
    if "://" not in page:
        Path(page).parent.mkdir(parents=True, exist_ok=True)
    known = Known(due_nodes=tuple(node.node_id for node in graph.nodes))
    report = make_report(MetadataStore(connection), config, order.run_id, known)
    write_report(report, page)
    return page, report


def _tell(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()
    sys.stderr.flush()


if __name__ == "__main__":
    main()
