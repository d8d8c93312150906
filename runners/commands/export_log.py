"""What converters say, in a file that is kept if one of them did not do its work."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from components.child_process import HostFaultError


@dataclass
class ExportLog:
    """The file.

    Attributes:
      path: Where it is.
      is_kept: Whether it is still there after the block.
    """

    path: Path
    is_kept: bool = False


@contextmanager
def export_log() -> Iterator[ExportLog]:
    """Yields a file that is removed after the block, unless that says otherwise.

    It is kept, too, by what nobody foresaw; the error then has a note of where it is.

    Raises:
      click.ClickException: A converter was kept from its work; the message names the file.
    """
    with tempfile.NamedTemporaryFile(
        prefix="tfx-mnist-export-", suffix=".log", delete=False
    ) as file:
        log = ExportLog(Path(file.name))
    try:
        yield log
    except click.ClickException:
        raise
    except HostFaultError as error:
        log.is_kept = True
        raise click.ClickException(f"{error} Log: {log.path}") from error
    except Exception as error:
        log.is_kept = True
        error.add_note(f"Log: {log.path}")
        raise
    finally:
        if not log.is_kept:
            log.path.unlink()
