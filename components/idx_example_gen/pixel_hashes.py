"""Finds equal images among any number of rows, by notes of their hashes.

Workers write the notes of each shard beside it, sorted into buckets by hash. Equal images are in
buckets of one number, so that one bucket after the other can be compared, each small enough for the
memory of one worker. (Copies of one image are all in one bucket, however many there are.)
"""

import hashlib
import uuid
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
from tfx.dsl.io import fileio

from components.data_sets.rows import RowBlock
from components.idx_example_gen.shared_rows import MAX_LISTED, SharedRows

ROWS_PER_BUCKET = 1_000_000
"""Their notes take 16 MB."""

_NOTE = np.dtype([("hash", "<u8"), ("row", "<u8")])
_OFFSET = np.dtype("<u8")

Notes = npt.NDArray[np.void]
"""Structured array: `hash` of the pixels alone, and `row` in the files, from 0."""


def count_buckets(num_rows: int) -> int:
    """Returns into how many buckets the notes of so many rows are divided, 1 or more."""
    return max(1, -(-num_rows // ROWS_PER_BUCKET))


def hash_images(block: RowBlock, rows: npt.NDArray[np.intp]) -> Notes:
    """Returns a note of each of the chosen rows; labels are left out, so that they can differ.

    Of a hundred million images, two that differ have the same 64 bits with a probability of 3 in
    10,000.

    Args:
      block: Images and labels.
      rows: Which of the block's rows, int [chosen].
    """
    digests = b"".join(
        hashlib.blake2b(image.tobytes(), digest_size=8).digest() for image in block.images[rows]
    )
    notes = np.empty(len(rows), _NOTE)
    notes["hash"] = np.frombuffer(digests, "<u8")
    notes["row"] = block.first_row + rows
    return notes


def write_notes(notes: Notes, path: str, *, num_buckets: int, temporary_dir: str) -> None:
    """Writes notes, sorted into their buckets, behind the places where the buckets begin and end.

    Args:
      notes: Of some rows of a split.
      path: Of the file, in an existing folder; an older one is replaced.
      num_buckets: How many buckets there are.
      temporary_dir: An existing folder on the same file system, where the file is written first.
    """
    buckets = notes["hash"] % num_buckets
    offsets = np.zeros(num_buckets + 1, _OFFSET)
    np.cumsum(np.bincount(buckets.astype(np.intp), minlength=num_buckets), out=offsets[1:])
    # A runner may start the same work twice, so the temporary name is never shared.
    temporary_path = f"{temporary_dir}/{uuid.uuid4().hex}"
    with fileio.open(temporary_path, "wb") as file:
        file.write(offsets.tobytes() + notes[np.argsort(buckets, kind="stable")].tobytes())
    fileio.rename(temporary_path, path, overwrite=True)


def compare_bucket(
    bucket: int, folder: str, files: Mapping[str, str], num_buckets: int
) -> Iterator[tuple[str, SharedRows]]:
    """Yields what each split shares with the first one, of the images in one bucket.

    Args:
      bucket: Its number.
      folder: Where each split has a folder of files of notes.
      files: Names of the files of the images, by split; the first split is learned from.
      num_buckets: How many buckets there are.
    """
    (trained_on, train_file), *others = files.items()
    learned = _read_bucket(f"{folder}/{trained_on}", bucket, num_buckets)
    # Stable, so that of equal images the first row is found.
    learned = learned[np.argsort(learned["hash"], kind="stable")]
    for split, file in others:
        pairs = _find_pairs(_read_bucket(f"{folder}/{split}", bucket, num_buckets), learned)
        first = tuple((int(row), int(other)) for row, other in pairs[:MAX_LISTED])
        yield split, SharedRows(len(pairs), first, file, train_file, trained_on)


def _read_bucket(folder: str, bucket: int, num_buckets: int) -> Notes:
    """Returns all notes of one bucket of a split, in the order of their rows."""
    contents = []
    for name in sorted(fileio.listdir(folder)):
        with fileio.open(f"{folder}/{name}", "rb") as file:
            offsets = np.frombuffer(file.read((num_buckets + 1) * _OFFSET.itemsize), _OFFSET)
            begin, end = (int(offsets[number]) * _NOTE.itemsize for number in (bucket, bucket + 1))
            file.seek(offsets.nbytes + begin)
            contents.append(file.read(end - begin) if end > begin else b"")
    return np.frombuffer(b"".join(contents), _NOTE)


def _find_pairs(rows: Notes, learned: Notes) -> npt.NDArray[np.uint64]:
    """Returns each row with an image that is learned from, and the first such row, [pairs, 2].

    Args:
      rows: In their order.
      learned: Sorted by hash.
    """
    if not len(learned):
        return np.empty((0, 2), np.uint64)
    places = np.searchsorted(learned["hash"], rows["hash"])
    found = learned[np.minimum(places, len(learned) - 1)]
    is_shared = found["hash"] == rows["hash"]
    return np.column_stack([rows["row"][is_shared], found["row"][is_shared]])
