"""Opens, lists and digests files, on this machine or elsewhere (no TensorFlow).

What is elsewhere, at gs:// and the like, is read by TensorFlow's file systems, loaded then.
"""

import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from components.data_sets.errors import DataSetError
from components.unreadable_paths import REASONS, name_other_kind

FOLDER = "a folder with the files of a data set"
"""What is expected of the place where data are."""

_FILE = "a file"
_DIGEST_CHUNK_BYTES = 1 << 20
_MAX_NAMES_SHOWN = 8
_REASONS = {**REASONS, errno.ENOENT: "nothing, or a link to nothing"}


def open_file(path: str) -> BinaryIO:
    """Opens a file; whoever asks for it closes it.

    Raises:
      DataSetError: It cannot be read.
    """
    with explained(path, _FILE):
        if is_remote(path):
            from tfx.dsl.io import fileio  # noqa: PLC0415 - TensorFlow comes with it

            stream: BinaryIO = fileio.open(path, "rb")
            stream.read(0)  # until then it is not opened
            return stream
        if kind := name_other_kind(path):
            raise DataSetError(_describe(path, _FILE, kind))
        return open(path, "rb")  # noqa: PTH123 - closed by who asked for it


def list_names(folder: str, expected: str = FOLDER) -> list[str]:
    """Returns the names in a folder, sorted.

    Raises:
      DataSetError: It cannot be read.
    """
    with explained(folder, expected):
        if not is_remote(folder):
            return sorted(os.listdir(folder))  # noqa: PTH208
        from tfx.dsl.io import fileio  # noqa: PLC0415

        return sorted(name.rstrip("/") for name in fileio.listdir(folder))


def show_names(names: Sequence[str]) -> str:
    """Returns the first of some names, for a message."""
    shown = ", ".join(names[:_MAX_NAMES_SHOWN]) or "no files"
    more = len(names) - _MAX_NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def is_folder(path: str) -> bool:
    """Returns whether there is a folder."""
    if not is_remote(path):
        return os.path.isdir(path)  # noqa: PTH112
    from tfx.dsl.io import fileio  # noqa: PLC0415

    return fileio.isdir(path)


def digest_file(path: str) -> str:
    """Returns the SHA-256 of a file as it is stored.

    Raises:
      DataSetError: It cannot be read.
    """
    digest = hashlib.sha256()
    with open_file(path) as stream:
        while chunk := stream.read(_DIGEST_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def is_remote(path: str) -> bool:
    """Returns whether a path is an address of a storage, such as gs://bucket/data."""
    return "://" in path


@contextmanager
def explained(path: str, expected: str) -> Iterator[None]:
    """Turns what a storage says of a path, within the block, into an error that says what to do.

    Args:
      path: What is read.
      expected: What it should be.

    Raises:
      DataSetError: It cannot be read.
    """
    try:
        yield
    except OSError as error:
        # TFX's own error of a storage says nothing at all of what is missing.
        reason = _REASONS.get(error.errno or errno.ENOENT, error.strerror or str(error))
        raise DataSetError(_describe(path, expected, reason)) from error
    except Exception as error:
        # Those of TensorFlow's storages are no OSErrors.
        if not hasattr(error, "error_code"):
            raise
        raise DataSetError(_describe(path, expected, getattr(error, "message", ""))) from error


def _describe(path: str, expected: str, received: str) -> str:
    advice = "Correct data_root, or fetch a data set (tfx-mnist data fetch)."
    if expected == _FILE:
        advice = "Correct or replace it, or set data_root to another folder."
    return f"{path}: expected {expected}, received {received.rstrip('.')}. {advice}"
