"""Writes a text file so that nobody ever reads half of it."""

import os
from pathlib import Path


def write_whole_file(path: Path, text: str) -> None:
    """Writes a file whole or not at all: a reader sees the old content or the new.

    Args:
      path: On this machine, in a folder that exists.
      text: The content.

    Raises:
      OSError: It cannot be written. It is as it was, and nothing is left beside it.
    """
    # Hidden, and with another ending: folders of DAGs and of models are read at any moment.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)  # it is still there if something failed
