"""Reads small files, local or remote (no TensorFlow).

TFX, with which it comes, is loaded where one is remote.
"""

from pathlib import Path


def read_bytes(path: str) -> bytes:
    """Returns what a file holds.

    Raises:
      OSError: It cannot be read.
    """
    if "://" not in path:
        return Path(path).read_bytes()
    from tfx.dsl.io import fileio  # noqa: PLC0415 - TensorFlow comes with it

    try:
        with fileio.open(path, "rb") as file:
            return bytes(file.read())
    except Exception as error:  # TensorFlow's own, which are no OSError
        raise OSError(f"{path}: {error}") from error
