"""`tfx-mnist config`: every key with its value, and what it means."""

import click
from rich.console import Console
from rich.table import Table

from pipeline.config_sources import describe_keys
from runners.commands.configuration_options import configuration_options, read_configuration


@click.command()
@configuration_options
def config(config_file: str | None, preset: str | None, overrides: tuple[str, ...]) -> None:
    """Show every configuration key, the value it would have, and what it means."""
    values = read_configuration(config_file, preset, overrides)
    table = Table(box=None, padding=(0, 2))
    for column in ("key", "value", "meaning"):
        table.add_column(column, overflow="fold")
    for key, description in describe_keys().items():
        value: object = values
        for part in key.split("."):
            value = getattr(value, part)
        table.add_row(key, str(value), description)
    Console(markup=False).print(table)
