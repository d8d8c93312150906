"""Folders on this machine that options and arguments name: their type, and their place free."""

import os
from pathlib import Path
from typing import Any

import click


class LocalFolder(click.Path):
    """A folder on this machine. A Path of gs://bucket would be one here, named `gs:`."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, resolve_path=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns its absolute path."""
        if "://" in str(value):
            self.fail(f"expected a folder on this machine, received {value}.", param, ctx)
        return super().convert(value, param, ctx)


def refuse_taken(folder: Path | None) -> None:
    """Checks that something can be renamed to a folder: it is absent, or empty.

    Raises:
      click.ClickException: It is not so.
    """
    try:
        if folder is None or not folder.exists():
            return
        if not folder.is_dir():
            received = "a file"
        elif os.path.ismount(folder):
            received = "one that a filesystem is mounted at: name a folder in it"
        elif any(folder.iterdir()):
            received = "one that holds something: name another one, or empty it"
        else:
            return
    except OSError as error:
        received = f"one that cannot be read ({error.strerror})"
    raise click.ClickException(f"{folder}: expected no folder or an empty one, received {received}")
