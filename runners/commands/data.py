"""`tfx-mnist data`: the IDX files that the pipeline reads."""

from pathlib import Path

import click

from runners.commands.local_folders import LocalFolder
from runners.datasets.checksums import DatasetError, verify
from runners.datasets.download import fetch
from runners.datasets.public import PUBLIC_DATASETS


@click.group()
def data() -> None:
    """Verify or fetch the IDX files."""


@data.command("verify")
@click.argument("folder", type=LocalFolder(), default="data/mnist")
def verify_command(folder: Path) -> None:
    """Compare the files of FOLDER (default: data/mnist) with its SHA256SUMS.

    The sums are those of the uncompressed bytes. Exit code: 0 all as they should be, 1 otherwise.
    """
    try:
        paths = verify(folder)
    except DatasetError as error:
        raise click.ClickException(str(error)) from error
    for path in paths:
        click.echo(f"{path}: OK")


@data.command("fetch")
@click.option(
    "--name", type=click.Choice(list(PUBLIC_DATASETS)), required=True, help="Which data set."
)
@click.option("--folder", type=LocalFolder(), help="Where it goes. Default: data/<name>.")
@click.option("--mirror", "mirrors", multiple=True, help="Try this URL instead; may be repeated.")
def fetch_command(name: str, folder: Path | None, mirrors: tuple[str, ...]) -> None:
    """Download a public data set and verify its checksums.

    Exit code: 0 the folder holds the data set, 1 it is as it was before.
    """
    folder = folder or Path("data", name)
    try:
        fetch(PUBLIC_DATASETS[name], folder, mirrors=mirrors, report=click.echo)
    except DatasetError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{folder}: {name}, verified; licence {PUBLIC_DATASETS[name].licence}.")
    # Data and models are compared within one pipeline, whose default name is MNIST's.
    own_pipeline = "" if name == "mnist" else f"--set pipeline_name={name} "
    click.echo(f"Next: tfx-mnist run {own_pipeline}--set data_root={folder}")
