"""`tfx-mnist runs`: the pipeline's runs, and how each ended."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

from pipeline.config import PipelineConfig
from runners.commands.asked_run import find_run, tell_no_run
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.metadata_option import mlmd_option, open_metadata
from runners.commands.quiet import quiet_stderr
from runners.metadata.states import NodeState, RunEnd
from runners.terminal.console import make_console

if TYPE_CHECKING:
    from ml_metadata import MetadataStore

    from runners.metadata.history import RunSummary

_LISTED = 20
_NARROW = 80
"""Columns; in fewer, how a run ended matters more than how long it took."""

_END_STYLES = {
    RunEnd.PUSHED: "green",
    RunEnd.UNCHANGED: "green",
    RunEnd.NOT_PUSHED: "yellow",
    RunEnd.FAILED: "bold red",
}


@click.command()
@click.argument("run_or_version", required=False, metavar="[RUN|VERSION]")
@configuration_options
@mlmd_option
@click.option(
    "--last",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"How many of the list. Default: {_LISTED}.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything that is known, as JSON.")
def runs(  # noqa: PLR0913 - one for each option
    run_or_version: str | None,
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    mlmd_url: str | None,
    last: int | None,
    *,
    as_json: bool,
) -> None:
    """List the pipeline's runs and how each ended, newest first.

    With a RUN, or a VERSION for the run that pushed it, show that one: its nodes, learning curves,
    thresholds, and the mistakes of which its model was surest.
    """
    config = read_configuration(config_file, preset, overrides)
    # ML Metadata comes with this, and takes its time.
    from runners.metadata.history import read_history  # noqa: PLC0415

    store, where = open_metadata(mlmd_url, config)
    if run_or_version:
        if last:
            raise click.UsageError("--last is for the list of runs: leave it or RUN out")
        _show_run(find_run(run_or_version, store, where, config), store, config, as_json=as_json)
        return
    history = read_history(store, config.pipeline_name, last or _LISTED)
    if as_json:
        click.echo(json.dumps([asdict(run) for run in history], indent=2))
    elif history:
        console = make_console()
        console.print(_render_runs(history, config, where, is_narrow=console.width < _NARROW))
    else:
        click.echo(tell_no_run(where, config))


def _show_run(
    run_id: str, store: "MetadataStore", config: PipelineConfig, *, as_json: bool
) -> None:
    from runners.run_report.making import make_report  # noqa: PLC0415 - ML Metadata
    from runners.terminal.report import print_report  # noqa: PLC0415 - it draws, as few commands do

    with quiet_stderr():  # of TensorFlow, where the run has not stored what it measured
        report = make_report(store, config, run_id)
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        print_report(report, make_console())


def _render_runs(
    history: Sequence["RunSummary"], config: PipelineConfig, where: str, *, is_narrow: bool
) -> Table:
    table = Table(
        title=f"Runs of {config.pipeline_name} in {where}",
        title_justify="left",
        caption=f"What each run logged: {config.pipeline_root}/logs",
        caption_justify="left",
        box=None,
        padding=(0, 2, 0, 0),
    )
    table.add_column("run", no_wrap=True)
    if not is_narrow:
        table.add_column("time", justify="right", no_wrap=True)
        table.add_column("nodes", no_wrap=True)
    table.add_column("end", overflow="fold")
    for run in history:
        effort = (f"{run.seconds:.1f} s", f"{run.nodes}, {run.cached} cached")
        end = Text(_end_of(run), style=_END_STYLES.get(run.end, ""))
        table.add_row(run.run_id, *(() if is_narrow else effort), end)
    return table


def _end_of(run: "RunSummary") -> str:
    match run.end:
        case RunEnd.PUSHED:
            return f"version {run.version} pushed"
        case RunEnd.UNCHANGED:
            return f"version {run.version} unchanged"
        case RunEnd.FAILED:
            return _describe_failure(run)
        case RunEnd.STOPPED:
            return f"stopped in {run.node_id}, or still running"
        case RunEnd.ENDED_EARLY:
            return f"ended after {run.node_id}"
        case _:
            return run.end


def _describe_failure(run: "RunSummary") -> str:
    if run.cause == NodeState.INTERRUPTED:
        return f"interrupted in {run.node_id}"
    # All that a refusal says stands in `runs RUN`.
    first_line = next(iter(run.cause.splitlines()), "")
    return f"failed in {run.node_id}{f': {first_line}' if first_line else ''}"
