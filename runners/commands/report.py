"""`tfx-mnist report`: one page on a run, made again from what it left."""

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.config import PipelineConfig
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.metadata_option import mlmd_option, open_metadata
from runners.commands.quiet import quiet_imports
from runners.commands.serving_directory import find_version

if TYPE_CHECKING:
    from ml_metadata import MetadataStore

_SHOWN_RUNS = 5


@click.command()
@click.argument("run_or_version", required=False, metavar="[RUN|VERSION]")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write. Default: report-RUN.html here.",
)
@click.option("--open", "is_opened", is_flag=True, help="Show it in the browser.")
@configuration_options
@mlmd_option
def report(  # noqa: PLR0913 - one for each option
    run_or_version: str | None,
    output: Path | None,
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    mlmd_url: str | None,
    *,
    is_opened: bool,
) -> None:
    """Write the report of a run: one page that needs no network.

    RUN is a run's id (tfx-mnist runs), of any orchestrator whose nodes write to our ML Metadata;
    VERSION is a version's number in the serving directory, or the path of its folder. Without
    either it is the report of the last run.
    """
    config = read_configuration(config_file, preset, overrides)
    store, where = open_metadata(mlmd_url, config)
    run_id = _find_run(run_or_version, store, where, config)
    from runners.run_report.writing import make_report, write_report  # noqa: PLC0415 - ML Metadata

    page = (output or Path(f"report-{run_id.replace('/', '_')}.html")).absolute()
    with quiet_imports():  # of TensorFlow, where the run has not stored what it measured
        content = make_report(store, config, run_id)
    try:
        write_report(content, page)
    except OSError as error:
        raise click.ClickException(f"{page}: cannot be written: {error.strerror}") from error
    click.echo(f"Wrote {page}")
    if is_opened:
        webbrowser.open(page.as_uri())


def _find_run(
    run_or_version: str | None, store: "MetadataStore", where: str, config: PipelineConfig
) -> str:
    """Returns the id of the run that is asked for.

    Raises:
      click.ClickException: There is none.
    """
    from runners.metadata.records import list_runs  # noqa: PLC0415 - ML Metadata comes with it

    runs = [run.name for run in list_runs(store, config.pipeline_name)]
    asked = run_or_version or (runs[0] if runs else "")
    if asked in runs:
        return asked
    if asked.isdecimal() or "/" in asked:
        version = find_version(asked, config)
        run_id = version.record.origin.run_id if version.record else ""
        if run_id in runs:
            return run_id
        raise click.ClickException(
            f"{version.path}: expected a version of a run in {where}, received one of "
            f"{run_id or 'no recorded run'}. Name the metadata of its pipeline with --mlmd."
        )
    raise click.ClickException(
        f"{where}: expected a run of {config.pipeline_name}, or a version, received "
        f"{asked or 'none'}. There are: {', '.join(runs[:_SHOWN_RUNS]) or 'no runs'}."
    )
