"""`tfx-mnist data`: the data files that the pipeline reads."""

from pathlib import Path

import click

from components.class_names import show_class
from components.data_sets.checking import check_data_set
from components.data_sets.storage import is_remote
from components.schema_importer.contract import read_contract
from pipeline.classes import measured_classes
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.local_folders import LocalFolder
from runners.datasets.checksums import DatasetError, verify
from runners.datasets.download import fetch
from runners.datasets.public import PUBLIC_DATASETS


@click.group()
def data() -> None:
    """Check, verify or fetch the data files."""


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


@data.command("check")
@click.argument("folder", type=LocalFolder(), required=False)
@configuration_options
def check_command(
    folder: Path | None, config_file: str | None, preset: str | None, overrides: tuple[str, ...]
) -> None:
    """Look whether FOLDER (default: data_root) is what a run takes: all but the images.

    Names, headers, lengths, the number of rows, the labels and the contract. Exit code: 0 they are
    as they should be, 1 otherwise.
    """
    config = read_configuration(config_file, preset, overrides)
    place = str(folder or config.data_root)
    if is_remote(place):
        raise click.UsageError(f"expected a folder on this machine, received {place}.")
    try:
        expected = measured_classes(read_contract(config.schema_path), config)
        checked = check_data_set(place, config.data.layout, config.data.spec)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if not checked:
        click.echo(f"{place}: {config.data.format}, which the run itself reads")
    for part, counts in checked:
        rows = int(counts.sum())
        missing = [
            show_class(label, config.data.class_names) for label in expected if not counts[label]
        ]
        click.echo(f"{part.name}: {rows:,} rows")
        if missing:
            [place] = part.files.get("labels", (part.name,))
            click.echo(f"{place}: no rows of {', '.join(missing)}", err=True)
    if any(not counts[label] for _, counts in checked for label in expected):
        raise click.ClickException(
            "a model is held to each class of the contract: add rows of those that have none, or "
            "name them in thresholds.unmeasured_classes."
        )


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
