"""MNIST as arrays, from the files of this repository and into others."""

import gzip
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

_DATA = Path(__file__).parents[2] / "data" / "mnist"
_IMAGES_HEADER_BYTES, _LABELS_HEADER_BYTES = 16, 8
_UNSIGNED_BYTES = 0x800  # what an IDX file's magic number says of its values

Part = Literal["train", "t10k"]
"""The 60,000 rows to train on, or the 10,000 to test with, as MNIST's files are called."""


class Rows(NamedTuple):
    """Some rows.

    Attributes:
      images: uint8 [rows, 28, 28].
      labels: uint8 [rows].
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]


def read_mnist(part: Part) -> Rows:
    """Reads all rows of a part."""
    images = _read(f"{part}-images-idx3-ubyte.gz", _IMAGES_HEADER_BYTES)
    labels = _read(f"{part}-labels-idx1-ubyte.gz", _LABELS_HEADER_BYTES)
    return Rows(images.reshape(-1, 28, 28), labels)


def write_mnist(folder: Path, rows: Mapping[Part, Rows]) -> None:
    """Writes a folder as MNIST is one, of other rows."""
    folder.mkdir()
    for part, (images, labels) in rows.items():
        _write(folder / f"{part}-images-idx3-ubyte", images)
        _write(folder / f"{part}-labels-idx1-ubyte", labels)


def _read(name: str, header_bytes: int) -> npt.NDArray[np.uint8]:
    return np.frombuffer(gzip.decompress((_DATA / name).read_bytes()), np.uint8)[header_bytes:]


def _write(path: Path, values: npt.NDArray[np.uint8]) -> None:
    with path.open("wb") as file:
        magic = _UNSIGNED_BYTES | values.ndim
        file.write(struct.pack(f">{values.ndim + 1}I", magic, *values.shape))
        values.tofile(file)
