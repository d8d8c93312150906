"""The files of a model folder: their digests, and durable copies (standard library only)."""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from components.versioned_directory.exports import EXPORTS_PATH

RECORD_PATH = "assets.extra/push.json"
"""Where a version keeps its record; TensorFlow ignores what is in assets.extra.

The record is about the model and no part of it: it is neither digested nor copied.
"""

_CHUNK_BYTES = 1 << 20


def digest_files(folder: Path) -> dict[str, str]:
    """Returns the SHA-256 of every file of a model, by its path within `folder`."""
    digests = {}
    for path in sorted(_files(folder)):
        with (folder / path).open("rb") as file:
            digests[path.as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def combine_digests(files: Mapping[str, str]) -> str:
    """Returns one SHA-256 for several files, given that of each by its path.

    It is that of the lines that `sha256sum` prints for the files in the order of their paths.
    """
    lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def digest_model(files: Mapping[str, str]) -> str:
    """Returns one SHA-256 for a SavedModel, given that of each file of its folder by its path.

    Its exports are in that folder, and say by this digest what they were made from.
    """
    exports = f"{EXPORTS_PATH}/"
    return combine_digests(
        {path: digest for path, digest in files.items() if not path.startswith(exports)}
    )


def size_in_bytes(folder: Path) -> int:
    """Returns the sum of the sizes of the model's files."""
    return sum((folder / path).stat().st_size for path in _files(folder))


def copy_file(source: Path, target: Path) -> None:
    """Copies the content of a file that is not there yet, down to the disk."""
    with source.open("rb") as reader, target.open("xb") as writer:
        shutil.copyfileobj(reader, writer, _CHUNK_BYTES)
        writer.flush()
        os.fsync(writer.fileno())


def link_file(source: Path, target: Path) -> None:
    """Gives a file a second name; copies it where the filesystem or its rules allow no links."""
    try:
        target.hardlink_to(source)
    except OSError:
        copy_file(source, target)


def transfer_model(source: Path, target: Path, place: Callable[[Path, Path], None]) -> None:
    """Makes the folders and files of `source` in `target`, an existing empty folder.

    Args:
      source: Folder of a model.
      target: Gets the same content, but for the record.
      place: `copy_file` or `link_file`.
    """
    for folder in _folders(source):
        (target / folder).mkdir(exist_ok=True)
    for path in _files(source):
        place(source / path, target / path)


def sync_folders(folder: Path) -> None:
    """Brings the names in `folder` and in all folders within it down to the disk."""
    for inner in reversed(list(_folders(folder))):
        sync_folder(folder / inner)


def sync_folder(folder: Path) -> None:
    """Brings the names in `folder` alone down to the disk, where its filesystem can do that."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _folders(folder: Path) -> Iterator[Path]:
    """Yields the path of every folder within `folder`, itself (".") first."""
    for path, _, _ in os.walk(folder, onerror=_raise, followlinks=True):
        yield Path(path).relative_to(folder)


def _files(folder: Path) -> Iterator[Path]:
    for path, _, names in os.walk(folder, onerror=_raise, followlinks=True):
        for name in names:
            file = (Path(path) / name).relative_to(folder)
            if file.as_posix() != RECORD_PATH:
                yield file


def _raise(error: OSError) -> NoReturn:
    """Makes os.walk raise for a folder that it cannot read, instead of leaving it out."""
    raise error
