"""Writes the report of a run of an orchestrator: its last task, whatever came before it.

`python -m runners.run_report --ir FILE --run-id ID [--mlmd URL] [--output FILE]`; `--help` has the
rest, at once (no TensorFlow).
"""

import logging
import os
import sys
from pathlib import Path

import click

from components.run_report.content.report import Report
from components.run_report.content.run import End, Run
from components.run_report.files import read_bytes
from components.run_report.page.verdict import find_verdict
from pipeline.config import PipelineConfig
from runners.failure import cause_of
from runners.metadata.url import MLMD_HELP
from runners.orchestration.graph import find_graph, parse_graph

_FOLDER = "reports"

logger = logging.getLogger("runners.run_report")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--ir", "ir_path", required=True, metavar="FILE", help="The IR; its graph file is beside it."
)
@click.option("--run-id", required=True, metavar="ID", help="The run's id at the orchestrator.")
@click.option("--mlmd", metavar="URL_OR_FILE", help=MLMD_HELP)
@click.option(
    "--fail-with-run",
    is_flag=True,
    help="Exit with 1 after a run that failed: for orchestrators that can run the failed tasks of "
    "a run again.",
)
@click.option(
    "--output", metavar="FILE", help=f"Default: {_FOLDER}/ID.html in the pipeline's root."
)
def main(
    ir_path: str, run_id: str, mlmd: str | None, output: str | None, *, fail_with_run: bool
) -> None:
    """Write the report of a run that is over: one page that needs no network.

    Exit code: 0, also where there is no report: how a run ended is for its nodes to say. The last
    line tells where the report is, or why there is none.
    """
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        page, report = _write(ir_path, run_id, mlmd, output)
    except Exception as error:  # of a database, an object store, a file of another version
        logger.warning("The report of run %s cannot be made", run_id, exc_info=True)
        click.echo(f"No report of run {run_id}: {cause_of(error)}")
    else:
        click.echo(f"{find_verdict(report).headline}. The report of run {run_id} is {page}")
        if fail_with_run and isinstance(report.run, Run) and report.run.end == End.FAILED:
            sys.exit(1)


def _write(ir_path: str, run_id: str, mlmd: str | None, output: str | None) -> tuple[str, Report]:
    """Returns the path of the page, and what it says."""
    # ML Metadata comes with these, and takes its time.
    from ml_metadata import MetadataStore  # noqa: PLC0415

    from runners.metadata.connection import read_connection  # noqa: PLC0415
    from runners.run_report.record import Known  # noqa: PLC0415
    from runners.run_report.writing import make_report, write_report  # noqa: PLC0415

    graph = parse_graph(read_bytes(find_graph(ir_path)).decode())
    # As it was compiled: a report takes nothing from it that a run may set.
    config = PipelineConfig.model_validate(graph.config)
    store = MetadataStore(read_connection(mlmd, os.environ, default_path=config.metadata_path))
    page = output or f"{config.pipeline_root}/{_FOLDER}/{run_id.replace('/', '_')}.html"
    if "://" not in page:
        Path(page).parent.mkdir(parents=True, exist_ok=True)
    report = make_report(store, config, run_id, Known(is_over=True))
    write_report(report, page)
    return page, report


if __name__ == "__main__":
    main()
