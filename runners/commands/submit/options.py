"""What every `tfx-mnist submit` takes."""

from pathlib import Path

import click

EXISTING_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)

parameter_option = click.option(
    "--param",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Parameter of the run, e.g. training.epochs=3; may be given again.",
)
schedule_option = click.option(
    "--schedule", metavar="CRON", help="Runs by a schedule, e.g. '0 4 * * *'."
)
