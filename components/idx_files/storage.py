"""Finds, opens and digests the files of an IDX data set (no TensorFlow).

What is elsewhere, at gs:// and the like, is read by TensorFlow's file systems, loaded then.
"""

import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import BinaryIO

from components.idx_files.idx import IMAGES_MAGIC, LABELS_MAGIC, IdxError, IdxReader
from components.idx_files.idx_folder import IdxFolder, IdxPair, Role, find_idx_files, find_role
from components.idx_files.idx_pair import IdxPairReader
from components.unreadable_paths import REASONS, name_other_kind
from modules.data_spec import DataSpec

FILE_PATTERN = "*-ubyte*"
"""What the names match; it leaves out what does not change the data, such as a README."""

FOLDER = "a folder with the four files of an IDX data set"
"""What is expected of the place where data are."""

_DIGEST_CHUNK_BYTES = 1 << 20
_REASONS = {**REASONS, errno.ENOENT: "nothing, or a link to nothing"}


def find_files(folder: str, pattern: str = FILE_PATTERN) -> IdxFolder:
    """Returns the four files of an IDX data set.

    A folder that is called like one of them, as in some archives, is looked into where that file is
    not there itself.

    Args:
      folder: Where they are; taken as it is, whatever signs are in it.
      pattern: What their names match; only the last part may have wildcards.

    Raises:
      IdxError: There is no such folder, or not one whole data set in it.
    """
    *subfolders, name_pattern = pattern.split("/")
    folder = "/".join([folder.rstrip("/"), *subfolders]) or "/"
    names = _list_names(folder)
    matching = [name for name in names if fnmatchcase(name, name_pattern)]
    folders = [name for name in matching if _is_folder(f"{folder}/{name}")]
    files = [f"{folder}/{name}" for name in matching if name not in folders]
    have = {role for name in matching if name not in folders and (role := find_role(name))}
    found = [*files, *_find_nested(folder, folders, have)]
    # Where nothing matches, the error names what else is there.
    return find_idx_files(found or [f"{folder}/{name}" for name in names], folder=folder)


def _find_nested(folder: str, names: Sequence[str], have: AbstractSet[Role]) -> Iterator[str]:
    """Yields files of missing roles from folders that are called as such a file is."""
    for name in names:
        role = find_role(name)
        if role is not None and role not in have:
            for inside in _list_names(f"{folder}/{name}"):
                if find_role(inside) == role:
                    yield f"{folder}/{name}/{inside}"


@contextmanager
def open_pair(pair: IdxPair, data: DataSpec) -> Iterator[IdxPairReader]:
    """Opens images and labels that belong together, within the block.

    Args:
      pair: Their paths.
      data: What the images and the labels must be.

    Raises:
      IdxError: A file cannot be read, a header is wrong, or the files do not belong together.
    """
    with _open(pair.images) as images, _open(pair.labels) as labels:
        yield IdxPairReader(
            IdxReader(images, pair.images, magic=IMAGES_MAGIC),
            IdxReader(labels, pair.labels, magic=LABELS_MAGIC),
            data=data,
        )


def digest_file(path: str) -> str:
    """Returns the SHA-256 of a file as it is stored.

    Raises:
      IdxError: It cannot be read.
    """
    digest = hashlib.sha256()
    with _open(path) as stream:
        while chunk := stream.read(_DIGEST_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def is_remote(path: str) -> bool:
    """Returns whether a path is an address of a storage, such as gs://bucket/data."""
    return "://" in path


def _open(path: str) -> BinaryIO:
    with explained(path, "a file"):
        if is_remote(path):
            from tfx.dsl.io import fileio  # noqa: PLC0415 - TensorFlow comes with it

            stream: BinaryIO = fileio.open(path, "rb")
            stream.read(0)  # until then it is not opened
            return stream
        if kind := name_other_kind(path):
            raise IdxError(_describe(path, "a file", kind))
        return open(path, "rb")  # noqa: PTH123 - closed by who asked for it


def _list_names(folder: str) -> list[str]:
    """Returns the names in a folder, sorted."""
    with explained(folder, FOLDER):
        if not is_remote(folder):
            return sorted(os.listdir(folder))  # noqa: PTH208
        from tfx.dsl.io import fileio  # noqa: PLC0415

        return sorted(name.rstrip("/") for name in fileio.listdir(folder))


def _is_folder(path: str) -> bool:
    if not is_remote(path):
        return os.path.isdir(path)  # noqa: PTH112
    from tfx.dsl.io import fileio  # noqa: PLC0415

    return fileio.isdir(path)


@contextmanager
def explained(path: str, expected: str) -> Iterator[None]:
    """Turns what a storage says of a path, within the block, into an error that says what to do.

    Args:
      path: What is read.
      expected: What it should be.

    Raises:
      IdxError: It cannot be read.
    """
    try:
        yield
    except OSError as error:
        # TFX's own error of a storage says nothing at all of what is missing.
        reason = _REASONS.get(error.errno or errno.ENOENT, error.strerror or str(error))
        raise IdxError(_describe(path, expected, reason)) from error
    except Exception as error:
        # Those of TensorFlow's storages are no OSErrors.
        if not hasattr(error, "error_code"):
            raise
        raise IdxError(_describe(path, expected, getattr(error, "message", ""))) from error


def _describe(path: str, expected: str, received: str) -> str:
    return (
        f"{path}: expected {expected}, received {received.rstrip('.')}. Correct data_root, or "
        "fetch a data set (tfx-mnist data fetch)."
    )
