"""`tfx-mnist tensorboard`: the pipeline's runs in TensorBoard."""

import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.config import PipelineConfig
from runners.commands.asked_run import find_run
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.metadata_option import mlmd_option, open_metadata
from runners.commands.quiet import quiet_imports
from runners.interrupts import interrupted_by_sigterm

if TYPE_CHECKING:
    from ml_metadata import MetadataStore
    from ml_metadata.proto.metadata_store_pb2 import Context

_MOST_RUNS = 20


@click.command()
@click.argument("asked", nargs=-1, metavar="[RUN|VERSION]...")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=6006,
    show_default=True,
    help="The port; 0 takes one that is free.",
)
@click.option(
    "--logdir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep what TensorBoard shows in this folder, which must be absent or empty.",
)
@configuration_options
@mlmd_option
def tensorboard(  # noqa: PLR0913 - one for each option
    asked: tuple[str, ...],
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    mlmd_url: str | None,
    *,
    host: str,
    port: int,
    logdir: Path | None,
) -> None:
    """Open TensorBoard over runs of the pipeline, until Ctrl-C.

    Metrics and the learning rate by epoch, the graph, misread digits and the confusion matrix as
    images, and hyperparameters with final metrics; without a RUN, of the last 20. What the Trainer
    logged is copied: nothing is written into the pipeline's artifacts.
    """
    config = read_configuration(config_file, preset, overrides)
    if logdir is not None and logdir.exists() and any(logdir.iterdir()):
        raise click.UsageError(f"--logdir: {logdir}: expected an absent or empty folder")
    store, where = open_metadata(mlmd_url, config)
    runs = _find_runs(asked, store, where, config)
    with interrupted_by_sigterm(), _folder(logdir) as folder:
        with quiet_imports():  # TensorFlow comes with these
            from runners.tensorboard.log_folder import gather_runs, read_logged_run  # noqa: PLC0415
            from runners.tensorboard.server import TensorBoardError, serve  # noqa: PLC0415

            logged = [read_logged_run(store, config, run) for run in runs]
            gather_runs(logged, folder)
        try:
            with quiet_imports():
                url = serve(folder, host, port)
        except TensorBoardError as error:
            raise click.ClickException(f"TensorBoard did not start: {error}") from error
        click.echo("\n".join(["Runs:", *(f"  {run.name}" for run in logged)]))
        click.echo(f"TensorBoard is at {url} (Ctrl-C ends it)")
        with suppress(KeyboardInterrupt):
            while True:
                signal.pause()


def _find_runs(
    asked: Sequence[str], store: "MetadataStore", where: str, config: PipelineConfig
) -> list["Context"]:
    """Returns the runs that are asked for, each once, or else the last ones."""
    from runners.metadata.records import list_runs  # noqa: PLC0415 - ML Metadata comes with it

    runs = list_runs(store, config.pipeline_name)
    if not runs:
        raise click.ClickException(
            f"{where}: no run of {config.pipeline_name} yet (tfx-mnist run)."
        )
    if not asked:
        return runs[:_MOST_RUNS]
    run_ids = {find_run(each, store, where, config) for each in asked}
    return [run for run in runs if run.name in run_ids]


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="tensorboard-") as folder:
        yield Path(folder)
