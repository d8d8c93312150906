"""Reads small files of artifacts, which may be remote (no TensorFlow for those that are not)."""

from pathlib import Path


def read_text(path: str) -> str:
    """Returns the text of a file.

    Raises:
      OSError: It cannot be read. For a remote one, the error is its client's.
    """
    if "://" not in path:
        return Path(path).read_text(encoding="utf-8")
    from tfx.dsl.io import fileio  # noqa: PLC0415 - TensorFlow comes with it

    with fileio.open(path) as file:
        return str(file.read())
