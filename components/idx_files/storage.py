"""Finds and opens the files of an IDX data set (no TensorFlow)."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from fnmatch import fnmatchcase

from components.data_sets.storage import is_folder, list_names, open_file
from components.idx_files.idx import (
    IMAGES_MAGIC,
    IMAGES_WITH_CHANNELS_MAGIC,
    LABELS_MAGIC,
    IdxReader,
)
from components.idx_files.idx_folder import IdxFolder, IdxPair, Role, find_idx_files, find_role
from components.idx_files.idx_pair import IdxPairReader
from modules.data_spec import DataSpec

FILE_PATTERN = "*-ubyte*"
"""What the names match; it leaves out what does not change the data, such as a README."""

FOLDER = "a folder with the four files of an IDX data set"
"""What is expected of the place where data are."""


def find_files(folder: str, pattern: str = FILE_PATTERN, *, data_set: str = "") -> IdxFolder:
    """Returns the four files of an IDX data set.

    A folder that is called like one of them, as in some archives, is looked into where that file is
    not there itself.

    Args:
      folder: Where they are; taken as it is, whatever signs are in it.
      pattern: What their names match; only the last part may have wildcards.
      data_set: Which of several in the folder: what the names begin with, or the last word of it.

    Raises:
      IdxError: There is no such folder, or not one whole data set in it.
    """
    *subfolders, name_pattern = pattern.split("/")
    folder = "/".join([folder.rstrip("/"), *subfolders]) or "/"
    names = list_names(folder, FOLDER)
    matching = [name for name in names if fnmatchcase(name, name_pattern)]
    folders = [name for name in matching if is_folder(f"{folder}/{name}")]
    files = [f"{folder}/{name}" for name in matching if name not in folders]
    have = {role for name in matching if name not in folders and (role := find_role(name))}
    found = [*files, *_find_nested(folder, folders, have)]
    # Where nothing matches, the error names what else is there.
    return find_idx_files(
        found or [f"{folder}/{name}" for name in names], folder=folder, data_set=data_set
    )


def _find_nested(folder: str, names: Sequence[str], have: AbstractSet[Role]) -> Iterator[str]:
    """Yields files of missing roles from folders that are called as such a file is."""
    for name in names:
        role = find_role(name)
        if role is not None and role not in have:
            for inside in list_names(f"{folder}/{name}", FOLDER):
                if find_role(inside) == role:
                    yield f"{folder}/{name}/{inside}"


@contextmanager
def open_pair(
    pair: IdxPair, data: DataSpec, *, is_transposed: bool = False
) -> Iterator[IdxPairReader]:
    """Opens images and labels that belong together, within the block.

    Args:
      pair: Their paths.
      data: What the images and the labels must be.
      is_transposed: Whether the files have rows and columns of an image exchanged, as EMNIST's.

    Raises:
      IdxError: A file cannot be read, a header is wrong, or the files do not belong together.
    """
    magic = IMAGES_MAGIC if data.channels == 1 else IMAGES_WITH_CHANNELS_MAGIC
    with open_file(pair.images) as images, open_file(pair.labels) as labels:
        yield IdxPairReader(
            IdxReader(images, pair.images, magic=magic),
            IdxReader(labels, pair.labels, magic=LABELS_MAGIC),
            data=data,
            is_transposed=is_transposed,
        )
