"""What every `tfx-mnist submit` takes."""

from pathlib import Path
from typing import Any

import click

from runners.orchestration.example_values import describe_example_values, find_example_values

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


def refuse_example_values(path: Path, content: Any) -> None:
    """Refuses a compiled pipeline that would ask for somebody else's image or bucket.

    Args:
      path: Of its file.
      content: Of the file, parsed.

    Raises:
      ValueError: It has values that are an example's.
    """
    if values := find_example_values(content):
        raise ValueError(f"{path}: {describe_example_values(values)}")


def read_compiled(path: Path) -> str:
    """Returns the text of a file that compile wrote.

    Raises:
      click.ClickException: It can't be read.
      ValueError: It is no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected what tfx-mnist compile writes, as UTF-8") from error
