"""`tfx-mnist config`: every key with its value, and what it means."""

import click
import yaml
from rich.table import Table

from pipeline.config_sources import describe_keys
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.terminal.console import make_console


@click.command()
@configuration_options
@click.option("--yaml", "as_yaml", is_flag=True, help="Print what --config would read.")
def config(
    config_file: str | None, preset: str | None, overrides: tuple[str, ...], *, as_yaml: bool
) -> None:
    """Show every configuration key, the value it would have, and what it means."""
    values = read_configuration(config_file, preset, overrides)
    if as_yaml:
        settings = values.model_dump(mode="json")
        click.echo(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), nl=False)
        return
    table = Table(box=None, padding=(0, 2))
    for column in ("key", "value", "meaning"):
        table.add_column(column, overflow="fold")
    for key, description in describe_keys().items():
        value: object = values
        for part in key.split("."):
            value = getattr(value, part)
        table.add_row(key, str(value), description)
    make_console().print(table)
