"""`tfx-mnist report`: one page on a run, made again from what it left."""

import webbrowser
from pathlib import Path

import click

from runners.commands.asked_run import find_run
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.metadata_option import mlmd_option, open_metadata
from runners.commands.quiet import quiet_stderr
from runners.run_report.file_names import name_file


@click.command()
@click.argument("run_or_version", required=False, metavar="[RUN|VERSION]")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write. Default: report-RUN.html here, or report-A-B.html.",
)
@click.option(
    "--compare",
    "compared",
    nargs=2,
    metavar="A B",
    help="Two runs or versions, side by side, instead of one.",
)
@click.option("--open", "is_opened", is_flag=True, help="Show it in the browser.")
@configuration_options
@mlmd_option
def report(  # noqa: PLR0913 - one for each option
    run_or_version: str | None,
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    mlmd_url: str | None,
    *,
    output: Path | None,
    compared: tuple[str, str] | None,
    is_opened: bool,
) -> None:
    """Write the report of a run: one page that needs no network.

    RUN is a run's id (tfx-mnist runs), of any orchestrator whose nodes write to our ML Metadata;
    VERSION is a version's number in the serving directory, or the path of its folder. Without
    either it is the report of the last run.
    """
    if compared and run_or_version:
        raise click.UsageError("--compare names both runs itself: leave RUN out")
    config = read_configuration(config_file, preset, overrides)
    store, where = open_metadata(mlmd_url, config)
    run_ids = [find_run(asked, store, where, config) for asked in compared or (run_or_version,)]
    from runners.run_report.making import make_report  # noqa: PLC0415 - ML Metadata
    from runners.run_report.writing import write_report  # noqa: PLC0415

    names = "-".join(map(name_file, run_ids))
    page = (output or Path(f"report-{names}.html")).absolute()
    with quiet_stderr():  # of TensorFlow, where a run has not stored what it measured
        first, *others = [make_report(store, config, run_id) for run_id in run_ids]
    try:
        write_report(first, page, compared_with=others[0] if others else None)
    except OSError as error:
        raise click.ClickException(f"{page}: cannot be written: {error.strerror}") from error
    click.echo(f"Wrote {page}")
    if is_opened:
        webbrowser.open(page.as_uri())
