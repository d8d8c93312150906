"""Reads pictures in folders that are called as their classes: train/cat/1.png (no TensorFlow)."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.data_sets.errors import DataSetError
from components.data_sets.pictures import ENDINGS, read_picture
from components.data_sets.rows import RowBlock
from components.data_sets.storage import list_names, show_names
from modules.data_spec import DataSpec

_LEFT_BEHIND = ("thumbs.db", "desktop.ini")  # by Windows; macOS' begin with a dot


@dataclass(frozen=True)
class ImageFolder:
    """One part of a data set: a folder with a folder of pictures for each class.

    Attributes:
      folder: Its path.
    """

    folder: str

    @property
    def name(self) -> str:
        """The path of the images, for messages."""
        return self.folder

    @property
    def files(self) -> Mapping[str, tuple[str, ...]]:
        """Paths of all pictures; the folder of each tells its label."""
        pictures = (
            path
            for name in _list_entries(self.folder)
            for path in _list_pictures(self.folder, name)
        )
        return {"images": tuple(pictures)}

    def name_rows(self, rows: Sequence[int], data: DataSpec) -> list[str]:
        """Returns the path of each row's picture, from the part on: `train/cat/1.png`."""
        with self.open(data) as reader:
            return ["/".join(reader.paths[row].split("/")[-3:]) for row in rows]

    @contextmanager
    def open(self, data: DataSpec) -> Iterator["PictureReader"]:
        """Lists the pictures, and opens none.

        Raises:
          DataSetError: The folders are not called as the classes, or hold other than pictures.
        """
        yield PictureReader(self.folder, data)


class PictureReader:
    """Reads pictures, each from a file of its own.

    Attributes:
      num_rows: How many there are.
      is_sequential: Whether they can only be read front to back, which they need not.
      paths: Of the picture of each row.
    """

    is_sequential = False

    def __init__(self, folder: str, data: DataSpec) -> None:
        """Lists the pictures.

        Args:
          folder: With a folder for each class.
          data: What the pictures must be; it names the classes.

        Raises:
          DataSetError: The folders are not called as the classes, or hold other than pictures.
        """
        self._data = data
        found = _list_entries(folder)
        if set(found) != set(data.class_names):
            raise DataSetError(
                f"{folder}: expected a folder for each name in data.class_names "
                f"({', '.join(data.class_names) or 'none are set'}), received "
                f"{show_names(found)}. If those are the classes, set "
                f"'data.class_names=[{', '.join(found)}]'."
            )
        rows = _mix(
            (path, label)
            for label, name in enumerate(data.class_names)
            for path in _list_pictures(folder, name)
        )
        if not rows:
            raise DataSetError(
                f"{folder}: expected pictures ({', '.join(ENDINGS)}) in the folders of the "
                "classes, received none. Put them there."
            )
        self.num_rows = len(rows)
        self.paths = [path for path, _ in rows]
        self._labels = np.array([label for _, label in rows], np.uint8)

    def check_lengths(self) -> None:
        """Reads the first picture: the others are mostly as it is, and checked when they are read.

        Raises:
          DataSetError: It cannot be read, or is of another size.
        """
        read_picture(self.paths[0], self._data)

    def count_labels(self) -> npt.NDArray[np.int64]:
        """Returns how many rows each class has, int64 [num_classes]."""
        return np.bincount(self._labels, minlength=self._data.num_classes)

    def read_blocks(
        self, *, first_row: int, num_rows: int, rows_per_block: int
    ) -> Iterator[RowBlock]:
        """Yields `num_rows` rows from `first_row` on, `rows_per_block` at a time.

        Raises:
          DataSetError: A picture cannot be read, or is of another size.
        """
        end = first_row + num_rows
        for row in range(first_row, end, rows_per_block):
            rows = slice(row, min(row + rows_per_block, end))
            images = np.stack([read_picture(path, self._data) for path in self.paths[rows]])
            yield RowBlock(row, images, self._labels[rows])


def _list_entries(folder: str) -> list[str]:
    """Returns the names in a folder, but for what systems leave there."""
    names = list_names(folder)
    return [name for name in names if name[0] != "." and name.lower() not in _LEFT_BEHIND]


def _list_pictures(folder: str, name: str) -> list[str]:
    place = f"{folder}/{name}"
    files = _list_entries(place)
    others = [file for file in files if not file.lower().endswith(ENDINGS)]
    if others:
        raise DataSetError(
            f"{place}: expected nothing but pictures ({', '.join(ENDINGS)}), received "
            f"{show_names(others)}. Convert them, or put them elsewhere."
        )
    return [f"{place}/{file}" for file in files]


def _mix(rows: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Orders rows by a hash of their path from the class on, so that a shard has all classes."""

    def key(row: tuple[str, int]) -> bytes:
        return hashlib.sha256("/".join(row[0].split("/")[-2:]).encode()).digest()

    return sorted(rows, key=key)
