"""Reads pictures in folders that are called as their classes: train/cat/1.png (no TensorFlow)."""

import hashlib
import json
import os
import shlex
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.data_sets.errors import DataSetError
from components.data_sets.pictures import ENDINGS, read_picture
from components.data_sets.rows import RowBlock
from components.data_sets.storage import is_folder, list_names, show_names
from modules.data_spec import PIXEL_TYPE, DataSpec

_LEFT_BEHIND = ("thumbs.db", "desktop.ini")  # by Windows; macOS' begin with a dot


@dataclass(frozen=True)
class ImageFolder:
    """One part of a data set: a folder with a folder of pictures for each class.

    It is listed once: all who read it number the same rows, whatever is added meanwhile.

    Attributes:
      folder: Its path.
      classes: Names of the folders in it.
      paths: Of the picture of each row, from `folder` on: `cat/1.png`.
    """

    folder: str
    classes: tuple[str, ...]
    paths: tuple[str, ...]

    @property
    def name(self) -> str:
        """The path of the images, for messages."""
        return self.folder

    @property
    def files(self) -> Mapping[str, tuple[str, ...]]:
        """Paths of all pictures; the folder of each tells its label."""
        return {"images": tuple(f"{self.folder}/{path}" for path in self.paths)}

    def name_rows(self, rows: Sequence[int]) -> list[str]:
        """Returns the path of each row's picture, from the part on: `train/cat/1.png`."""
        split = self.folder.rpartition("/")[2]
        return [f"{split}/{self.paths[row]}" for row in rows]

    @contextmanager
    def open(self, data: DataSpec) -> Iterator["PictureReader"]:
        """Finds the label of each row, and opens no picture.

        Raises:
          DataSetError: The folders are not called as the classes, or hold no picture.
        """
        yield PictureReader(self, data)


def list_image_folder(folder: str) -> ImageFolder:
    """Lists the pictures of a part, in an order that mixes the classes.

    Args:
      folder: With a folder for each class.

    Raises:
      DataSetError: It cannot be read, or holds other than folders of pictures.
    """
    classes = _list_entries(folder)
    others = [name for name in classes if not is_folder(f"{folder}/{name}")]
    if others:
        raise DataSetError(
            f"{folder}: expected nothing but a folder of pictures for each class, received "
            f"{show_names(others)}. Put them elsewhere."
        )
    pictures = (path for name in classes for path in _list_pictures(folder, name))
    # By a hash of what it is called, so that each shard has rows of all classes.
    mixed = sorted(pictures, key=lambda path: hashlib.sha256(path.encode()).digest())
    return ImageFolder(folder, tuple(classes), tuple(mixed))


class PictureReader:
    """Reads pictures, each from a file of its own.

    Attributes:
      num_rows: How many there are.
      is_sequential: Whether they can only be read front to back, which they need not.
    """

    is_sequential = False

    def __init__(self, part: ImageFolder, data: DataSpec) -> None:
        """Finds the label of each row.

        Args:
          part: The pictures.
          data: What the pictures must be; it names the classes.

        Raises:
          DataSetError: The folders are not called as the classes, or hold no picture.
        """
        labels = {_compose(name): label for label, name in enumerate(data.class_names)}
        found = {name: _compose(name) for name in part.classes}
        if set(found.values()) != set(labels):
            setting = json.dumps(list(found.values()), ensure_ascii=False)
            raise DataSetError(
                f"{part.folder}: expected a folder for each name in data.class_names "
                f"({', '.join(data.class_names) or 'none are set'}), received "
                f"{show_names(part.classes)}. If those are the classes, set "
                f"{shlex.quote(f'data.class_names={setting}')}."
            )
        if not part.paths:
            raise DataSetError(
                f"{part.folder}: expected pictures ({', '.join(ENDINGS)}) in the folders of the "
                "classes, received none. Put them there."
            )
        self.num_rows = len(part.paths)
        self._part, self._data = part, data
        folders = (path.partition("/")[0] for path in part.paths)
        self._labels = np.fromiter((labels[found[name]] for name in folders), np.uint8)

    def check_lengths(self) -> None:
        """Reads the first picture: the others are mostly as it is, and checked when they are read.

        Raises:
          DataSetError: It cannot be read, or is of another size.
        """
        self._read(0)

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
            block_end = min(row + rows_per_block, end)
            images = np.empty((block_end - row, *self._data.image_shape), PIXEL_TYPE)
            for number in range(len(images)):
                images[number] = self._read(row + number)
            yield RowBlock(row, images, self._labels[row:block_end])

    def _read(self, row: int) -> npt.NDArray[np.uint8]:
        return read_picture(f"{self._part.folder}/{self._part.paths[row]}", self._data)


def _list_entries(folder: str) -> list[str]:
    """Returns the names in a folder, but for what systems leave there."""
    names = list_names(folder)
    if unreadable := [name for name in names if name.encode(errors="ignore").decode() != name]:
        raise DataSetError(
            f"{folder}: expected names in UTF-8, received {os.fsencode(unreadable[0])!r}. Rename "
            "it, with a program that knows the names' encoding."
        )
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
    return [f"{name}/{file}" for file in files]


def _compose(name: str) -> str:
    """Returns the form that keyboards write; archives that macOS makes have accents apart."""
    return unicodedata.normalize("NFC", name)
