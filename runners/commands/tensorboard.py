"""`tfx-mnist tensorboard`: the pipeline's runs in TensorBoard."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.config import PipelineConfig
from runners.commands.asked_run import find_run, tell_no_run
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.metadata_option import mlmd_option, open_metadata
from runners.commands.quiet import quiet_stderr
from runners.interrupts import interruptible
from runners.tensorboard.server import TensorBoardError, check_address, serve

if TYPE_CHECKING:
    from ml_metadata import MetadataStore
    from ml_metadata.proto.metadata_store_pb2 import Context

_MOST_RUNS = 20


def _check_logdir(_: click.Context, __: click.Parameter, value: str | None) -> Path | None:
    if value is None:
        return None
    folder = Path(value).absolute()
    try:
        is_free = "://" not in value and not (folder.exists() and any(folder.iterdir()))
    except OSError as error:
        raise click.BadParameter(f"{value}: cannot be read: {error.strerror}") from error
    if not is_free:
        raise click.BadParameter(
            f"expected a folder of this machine that is absent or empty, received {value}"
        )
    return folder


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
    type=click.Path(file_okay=False),
    callback=_check_logdir,
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

    Metrics and the learning rate by epoch, the graph, misread images and the confusion matrix as
    images, and hyperparameters with final metrics; without a RUN, of the last 20. What the Trainer
    logged is copied: nothing is written into the pipeline's artifacts.
    """
    config = read_configuration(config_file, preset, overrides)
    with interruptible(), _reserve(logdir) as folder:
        try:
            check_address(host, port)
            store, where = open_metadata(mlmd_url, config)
            runs = _find_runs(asked, store, where, config)
            _gather(runs, store, config, folder)
            with quiet_stderr():
                url = serve(_keep(folder, logdir), host, port)
        except (TensorBoardError, OSError) as error:
            raise click.ClickException(f"TensorBoard did not start: {error}") from error
        with suppress(KeyboardInterrupt):  # from the first word on that says how to end it
            click.echo(f"TensorBoard is at {url} (Ctrl-C ends it)")
            while True:
                # signal.pause() would sleep through a signal that came just before it.
                time.sleep(1)


def _find_runs(
    asked: Sequence[str], store: "MetadataStore", where: str, config: PipelineConfig
) -> list["Context"]:
    """Returns the runs that are asked for, each once, or else the last ones."""
    from runners.metadata.records import list_runs  # noqa: PLC0415 - ML Metadata comes with it

    runs = list_runs(store, config.pipeline_name)
    if not runs:
        raise click.ClickException(tell_no_run(where, config))
    if not asked:
        return runs[:_MOST_RUNS]
    run_ids = {find_run(each, store, where, config) for each in asked}
    return [run for run in runs if run.name in run_ids]


def _gather(
    runs: Sequence["Context"], store: "MetadataStore", config: PipelineConfig, folder: Path
) -> None:
    """Writes the logs of runs, and tells of each what it is called and what it lacks."""
    with quiet_stderr():  # TensorFlow comes with this
        from runners.tensorboard.log_folder import gather_run, read_logged_run  # noqa: PLC0415
    folder.mkdir()
    click.echo("Runs:")
    for run in runs:
        with quiet_stderr():  # of what a run needs that has not stored what it measured
            logged = read_logged_run(store, config, run)
            reasons = gather_run(logged, folder)
        click.echo("\n".join([f"  {logged.name}", *(f"    {reason}" for reason in reasons)]))


@contextmanager
def _reserve(logdir: Path | None) -> Iterator[Path]:
    """Yields where logs can be gathered; what has not been kept is gone after the block."""
    try:
        if logdir is not None:
            logdir.parent.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(
            prefix="tensorboard-", dir=logdir.parent if logdir else None
        )
    except OSError as error:
        raise click.ClickException(f"--logdir: {logdir}: cannot be made: {error}") from error
    with scratch as folder:
        yield Path(folder) / "logs"


def _keep(folder: Path, logdir: Path | None) -> Path:
    """Returns where the logs are from now on."""
    if logdir is None:
        return folder
    logdir.mkdir(exist_ok=True)
    for logs in folder.iterdir():  # the folder itself may be a volume, which nothing can replace
        shutil.move(logs, logdir)
    return logdir
