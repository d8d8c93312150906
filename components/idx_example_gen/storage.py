"""Finds, opens and digests the files of an IDX data set, here or at gs:// and the like."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from tfx.dsl.io import fileio

from components.idx_example_gen.idx import IMAGES_MAGIC, LABELS_MAGIC, IdxError, IdxReader
from components.idx_example_gen.idx_folder import IdxFolder, IdxPair, find_idx_files
from components.idx_example_gen.idx_pair import IdxPairReader
from modules import features

FILE_PATTERN = "*-ubyte*"
"""What the names match; it leaves out what does not change the data, such as a README."""

_DIGEST_CHUNK_BYTES = 1 << 20


def find_files(file_pattern: str) -> IdxFolder:
    """Returns the four files of an IDX data set.

    Args:
      file_pattern: Glob over full paths; its last part matches names in one folder.

    Raises:
      IdxError: There is no such folder, or not one whole data set in it.
    """
    folder = file_pattern.rpartition("/")[0]
    paths = fileio.glob(file_pattern)
    if not paths and not fileio.isdir(folder):
        raise IdxError(
            f"{folder}: expected a folder with the four files of an IDX data set, received a path "
            "where there is none. Correct input_base, or fetch a data set (tfx-mnist data fetch)."
        )
    # Where nothing matches, the error names what else is there.
    return find_idx_files(paths or fileio.glob(f"{folder}/*"), folder=folder)


@contextmanager
def open_pair(pair: IdxPair, num_classes: int) -> Iterator[IdxPairReader]:
    """Opens images and labels that belong together, within the block.

    Args:
      pair: Their paths.
      num_classes: Labels must be from 0 to num_classes - 1.

    Raises:
      IdxError: A header is wrong, or the files do not belong together.
    """
    with fileio.open(pair.images, "rb") as images, fileio.open(pair.labels, "rb") as labels:
        yield IdxPairReader(
            IdxReader(images, pair.images, magic=IMAGES_MAGIC),
            IdxReader(labels, pair.labels, magic=LABELS_MAGIC),
            image_shape=features.IMAGE_SHAPE,
            num_classes=num_classes,
        )


def digest_file(path: str) -> str:
    """Returns the SHA-256 of a file as it is stored."""
    digest = hashlib.sha256()
    with fileio.open(path, "rb") as stream:
        while chunk := stream.read(_DIGEST_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
