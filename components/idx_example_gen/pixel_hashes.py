"""Notes the hash of each image, so that equal ones are found among any number of rows.

The notes of a split are divided by hash into buckets: equal images are in buckets of one number,
and a bucket is small enough for the memory of one worker.
"""

import hashlib
import uuid

import numpy as np
import numpy.typing as npt
from tfx.dsl.io import fileio

from components.idx_example_gen.idx_pair import IdxBlock

ROWS_PER_BUCKET = 1_000_000
"""Their notes take 16 MB."""

_NOTE = np.dtype([("hash", "<u8"), ("row", "<u8")])

Notes = npt.NDArray[np.void]
"""Structured array: `hash` of the pixels alone, and `row` in the files, from 0."""


def count_buckets(num_rows: int) -> int:
    """Returns into how many buckets the notes of so many rows are divided, 1 or more."""
    return max(1, -(-num_rows // ROWS_PER_BUCKET))


def hash_images(block: IdxBlock, rows: npt.NDArray[np.intp]) -> Notes:
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


def write_notes(
    notes: Notes, folder: str, name: str, *, num_buckets: int, temporary_dir: str
) -> None:
    """Writes notes into their buckets.

    Args:
      notes: Of some rows of a split.
      folder: Of the notes of this split.
      name: Of these rows; an older file of that name is replaced.
      num_buckets: How many buckets there are.
      temporary_dir: An existing folder on the same file system, where files are written first.
    """
    for bucket in range(num_buckets):
        bucket_folder = f"{folder}/{bucket}"
        fileio.makedirs(bucket_folder)
        # A runner may start the same work twice, so the temporary name is never shared.
        temporary_path = f"{temporary_dir}/{uuid.uuid4().hex}"
        with fileio.open(temporary_path, "wb") as file:
            file.write(notes[notes["hash"] % num_buckets == bucket].tobytes())
        fileio.rename(temporary_path, f"{bucket_folder}/{name}", overwrite=True)


def read_notes(folder: str, bucket: int) -> Notes:
    """Returns all notes of one bucket of a split."""
    bucket_folder = f"{folder}/{bucket}"
    contents = []
    for name in fileio.listdir(bucket_folder):
        with fileio.open(f"{bucket_folder}/{name}", "rb") as file:
            contents.append(file.read())
    return np.frombuffer(b"".join(contents), _NOTE)
