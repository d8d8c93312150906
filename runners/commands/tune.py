"""`tfx-mnist tune`: searches for hyperparameters, and says how to keep what it found."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from components.whole_file import write_whole_file
from pipeline.config import PipelineConfig
from pipeline.node_ids import TUNER
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.local_run import end_at_once, run_here
from runners.commands.tuned_values import make_configuration, say_how_to_run
from runners.local.outcome import DONE, RunOutcome
from runners.local.summary import print_summary
from runners.terminal.trials import make_trials_table

if TYPE_CHECKING:
    from components.run_report.content.search import Search


def _check_folder(
    context: click.Context, option: click.Parameter, path: Path | None
) -> Path | None:
    """Refuses a file that could not be written once the search is over."""
    if path is not None and not path.absolute().parent.is_dir():
        raise click.BadParameter(
            f"expected a file in a folder that is there, received {path}.", context, option
        )
    return path


@click.command()
@configuration_options
@click.option("--trials", type=click.IntRange(min=1), metavar="N", help="Sets of values to try.")
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help="Epochs of each trial.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE.yaml",
    callback=_check_folder,
    help="Write the best values there, for --config.",
)
@click.option("--wait", is_flag=True, help="Wait for another run on the same root to end.")
def tune(  # noqa: PLR0913 - one for each option
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    trials: int | None,
    epochs: int | None,
    output: Path | None,
    *,
    wait: bool,
) -> None:
    """Search for hyperparameters: run the pipeline as far as the Tuner.

    The first trial has the present values. All are compared on the split eval; the test split is
    left to the Evaluator.
    """
    if output and config_file and output.exists() and output.samefile(config_file):
        raise click.UsageError("--output: expected another file than that of --config")
    asked = {"enabled": True, "trials": trials, "epochs": epochs}
    settings = [f"tuning.{key}={value}" for key, value in asked.items() if value is not None]
    config = read_configuration(config_file, preset, (*overrides, *settings))
    searches_anyway = read_configuration(config_file, preset, overrides).tuning.enabled

    def tell(outcome: RunOutcome, console: Console) -> None:
        print_summary(outcome, console)
        if outcome.exit_code != DONE:
            return
        search = _read_search(config, outcome.run_id)
        console.print()
        console.print(make_trials_table(search))
        console.print()
        best = search.trials[0]
        if best.number == 1:
            console.print("No trial was better than the present values: nothing is to be changed.")
        kept = make_configuration(best.values, searches_anyway=searches_anyway)
        if output:
            write_whole_file(output, kept)
            advice = say_how_to_run(config_file, preset, overrides, output)
            console.print(f"The best values are in {output}. {advice}", soft_wrap=True)
        elif best.number != 1:
            console.print("To keep the best values without a search, put into the configuration:")
            console.print(kept, end="", soft_wrap=True)

    end_at_once(run_here(config, to_nodes=[TUNER], wait=wait, tell=tell).exit_code)


def _read_search(config: PipelineConfig, run_id: str) -> "Search":
    # ML Metadata comes with these.
    from components.run_report.reading.search import read_search  # noqa: PLC0415
    from runners.metadata.connection import open_store  # noqa: PLC0415
    from runners.metadata.records import read_run  # noqa: PLC0415

    tuner = read_run(open_store(config.metadata_path), run_id)[TUNER]
    return read_search(tuner.outputs["tuner_results"].uri)
