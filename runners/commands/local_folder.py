"""The type of options and arguments that name a folder on this machine."""

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
