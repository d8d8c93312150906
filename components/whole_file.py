"""Writes a text file so that nobody reads half of it, here or at gs:// (no TensorFlow)."""

import contextlib
import os
from pathlib import Path


def write_whole_file(path: Path | str, text: str) -> None:
    """Writes a file whole or not at all: a reader sees the old content or the new.

    Args:
      path: In a folder that exists; a string where it may be remote.
      text: The content, written as UTF-8.

    Raises:
      OSError: It cannot be written, and is as it was. For a remote one, the error is its client's.
    """
    folder, separator, name = str(path).rpartition("/")
    # Hidden, and with another ending: folders of DAGs and of models are read at any moment. With
    # the process, so that two writers do not take each other's file.
    temporary = f"{folder}{separator}.{name}.{os.getpid()}.tmp"
    write = _write_remote if "://" in str(path) else _write_local
    write(str(path), temporary, text)


def _write_local(path: str, temporary: str, text: str) -> None:
    try:
        Path(temporary).write_text(text, encoding="utf-8")
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)  # it is still there if something failed


def _write_remote(path: str, temporary: str, text: str) -> None:
    from tfx.dsl.io import fileio  # noqa: PLC0415 - TensorFlow comes with it

    try:
        with fileio.open(temporary, "w") as file:
            file.write(text)
        fileio.rename(temporary, path, overwrite=True)
    except BaseException:
        with contextlib.suppress(Exception):  # there may be none; the first error says more
            fileio.remove(temporary)
        raise
