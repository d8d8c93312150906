"""Reads pictures in folders that are called as their classes: train/cat/1.png (no TensorFlow)."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from components.data_sets.errors import DataSetError
from components.data_sets.rows import RowBlock
from components.data_sets.storage import list_names, open_file
from modules.data_spec import PIXEL_TYPE, DataSpec

_ENDINGS = (".png", ".jpg", ".jpeg")
_MODES = {1: "L", 3: "RGB"}


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
            path for name in list_names(self.folder) for path in _list_pictures(self.folder, name)
        )
        return {"images": tuple(pictures)}

    @contextmanager
    def open(self, data: DataSpec) -> Iterator["PictureReader"]:
        """Lists the pictures, and opens none.

        Raises:
          DataSetError: The folders are not called as the classes, or one is empty.
        """
        yield PictureReader(self.folder, data)


class PictureReader:
    """Reads pictures, each from a file of its own."""

    is_sequential = False

    def __init__(self, folder: str, data: DataSpec) -> None:
        """Lists the pictures.

        Args:
          folder: With a folder for each class.
          data: What the pictures must be; it names the classes.

        Raises:
          DataSetError: The folders are not called as the classes, or none holds a picture.
        """
        self._data = data
        found = [name for name in list_names(folder) if not name.startswith(".")]
        if set(found) != set(data.class_names):
            raise DataSetError(
                f"{folder}: expected a folder for each name in data.class_names "
                f"({', '.join(data.class_names) or 'none are set'}), received "
                f"{', '.join(found) or 'none'}. If those are the classes, set "
                f"data.class_names=[{', '.join(found)}]."
            )
        self._rows = _mix(
            (path, label)
            for label, name in enumerate(data.class_names)
            for path in _list_pictures(folder, name)
        )
        if not self._rows:
            raise DataSetError(
                f"{folder}: expected pictures ({', '.join(_ENDINGS)}) in the folders of the "
                "classes, received none."
            )
        self.num_rows = len(self._rows)

    def check_lengths(self) -> None:
        """Has nothing to do: a picture is checked when it is read."""

    def count_labels(self) -> npt.NDArray[np.int64]:
        """Returns how many rows each class has, int64 [num_classes]."""
        labels = [label for _, label in self._rows]
        return np.bincount(labels, minlength=self._data.num_classes)

    def read_blocks(
        self, *, first_row: int, num_rows: int, rows_per_block: int
    ) -> Iterator[RowBlock]:
        """Yields `num_rows` rows from `first_row` on, `rows_per_block` at a time.

        Raises:
          DataSetError: A picture cannot be read, or is of another size.
        """
        end = first_row + num_rows
        for row in range(first_row, end, rows_per_block):
            rows = self._rows[row : min(row + rows_per_block, end)]
            images = np.stack([_read_picture(path, self._data) for path, _ in rows])
            yield RowBlock(row, images, np.array([label for _, label in rows], np.uint8))


def _list_pictures(folder: str, name: str) -> list[str]:
    place = f"{folder}/{name}"
    return [f"{place}/{file}" for file in list_names(place) if file.lower().endswith(_ENDINGS)]


def _mix(rows: "Iterator[tuple[str, int]]") -> Sequence[tuple[str, int]]:
    """Orders rows by a hash of their path from the class on, so that a shard has all classes."""

    def key(row: tuple[str, int]) -> bytes:
        return hashlib.sha256("/".join(row[0].split("/")[-2:]).encode()).digest()

    return sorted(rows, key=key)


def _read_picture(path: str, data: DataSpec) -> npt.NDArray[np.uint8]:
    try:
        with open_file(path) as stream, Image.open(stream) as picture:
            if picture.size != (data.width, data.height):
                width, height = picture.size
                raise DataSetError(
                    f"{path}: expected a picture of {data.height}x{data.width} pixels, received "
                    f"{height}x{width}. Resize it, or set data.height and data.width."
                )
            return np.asarray(picture.convert(_MODES[data.channels]), PIXEL_TYPE)
    # Pillow raises many errors on damaged files, SyntaxError among them.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, DataSetError):
            raise
        raise DataSetError(
            f"{path}: expected a whole PNG or JPEG, received one that cannot be read ({error}). "
            "Replace or remove it."
        ) from error
