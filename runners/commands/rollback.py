"""`tfx-mnist rollback`: an older model served again."""

import time

import click

from components.versioned_directory.rollback import roll_back
from components.versioned_directory.versions import PushError
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.serving_directory import describe_copy, serving_directory


@click.command()
@click.argument("version", type=int, required=False)
@configuration_options
def rollback(
    version: int | None, config_file: str | None, preset: str | None, overrides: tuple[str, ...]
) -> None:
    """Serve an older model: VERSION, or else the one before the served one.

    The model is published again under a new, highest number, in one step and without taking
    space; nothing is removed, and the next push wins over it. A second rollback without VERSION
    goes further back; to take one back, name the version that it replaced.
    """
    directory = serving_directory(read_configuration(config_file, preset, overrides))
    try:
        served = roll_back(directory, version, now=time.time())
    except PushError as error:
        raise click.ClickException(str(error)) from error
    is_copy = served.record and served.record.copy_of is not None
    history = describe_copy(served.record) if served.record and is_copy else "as it was pushed"
    click.echo(f"The newest version now is {served.number}: {history} ({served.path})")
