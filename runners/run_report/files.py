"""Reads small files of artifacts (no TensorFlow).

TFX, with which it comes, is loaded where one is remote.
"""

from pathlib import Path


def read_text(path: str) -> str:
    """Returns the text of a file.

    Raises:
      OSError: It cannot be read.
    """
    if "://" not in path:
        return Path(path).read_text(encoding="utf-8")
    from tfx.dsl.io import fileio  # noqa: PLC0415 - TensorFlow comes with it

    try:
        with fileio.open(path) as file:
            return str(file.read())
    except Exception as error:  # TensorFlow's own, which are no OSError
        raise OSError(f"{path}: {error}") from error
