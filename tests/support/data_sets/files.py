"""Writes rows in each of the formats that a data set may be in."""

import gzip
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from support.data_sets.patterns import Rows


def write_idx(path: Path, content: npt.NDArray[np.uint8]) -> Path:
    """Writes an array as an IDX file, gzip if the name ends in .gz; returns its path."""
    header = struct.pack(f">{content.ndim + 1}I", 0x800 | content.ndim, *content.shape)
    data = header + content.tobytes()
    # A fixed time in the gzip header: equal content makes equal files.
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


def write_idx_files(folder: Path, train: Rows, test: Rows, *, prefix: str = "") -> None:
    """Writes the four files of an IDX data set, with three channels if the images have them."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, rows in (("train", train), ("t10k", test)):
        for content, values in zip(("images", "labels"), rows, strict=True):
            name = f"{prefix}{split}-{content}-idx{values.ndim}-ubyte.gz"
            write_idx(folder / name, values)


def write_archive(path: Path, train: Rows, test: Rows) -> None:
    """Writes an archive as keras.io's mnist.npz is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {"train": train, "test": test}
    np.savez_compressed(
        path,
        **{f"x_{split}": rows.images for split, rows in arrays.items()},
        **{f"y_{split}": rows.labels.astype(np.int64) for split, rows in arrays.items()},
    )


def write_pictures(
    folder: Path, train: Rows, test: Rows, *, names: Sequence[str], ending: str = "png"
) -> None:
    """Writes a picture for each row, in folders that are called as the classes."""
    for split, rows in (("train", train), ("test", test)):
        for name in names:
            (folder / split / name).mkdir(parents=True, exist_ok=True)
        for number, (image, label) in enumerate(zip(*rows, strict=True)):
            Image.fromarray(image).save(folder / split / names[label] / f"{number}.{ending}")
