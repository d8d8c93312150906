"""Reads an archive of NumPy arrays as keras.io has MNIST: x_train, y_train, x_test, y_test."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.lib.npyio import NpzFile

from components.data_sets.arrays import ArrayReader
from components.data_sets.errors import DataSetError
from components.data_sets.storage import open_file
from modules.data_spec import DataSpec


@dataclass(frozen=True)
class NpzPart:
    """One part of an archive.

    Attributes:
      path: Of the archive.
      split: `train` or `test`, as the names of its arrays end.
    """

    path: str
    split: str

    @property
    def name(self) -> str:
        """The path of the images, for messages."""
        return f"{self.path}/x_{self.split}"

    @property
    def files(self) -> Mapping[str, tuple[str, ...]]:
        """The archive, which holds images and labels."""
        return {"images": (self.path,), "labels": (self.path,)}

    def name_rows(self, rows: Sequence[int]) -> list[str]:
        """Returns each row's number and the name of the array of images."""
        return [f"row {row} of x_{self.split}" for row in rows]

    @contextmanager
    def open(self, data: DataSpec) -> Iterator[ArrayReader]:
        """Reads both arrays.

        Raises:
          DataSetError: The archive cannot be read, or the arrays are not there or of other data.
        """
        names = (f"x_{self.split}", f"y_{self.split}")
        try:
            with open_file(self.path) as stream, _open_archive(stream) as archive:
                received = sorted(archive.files)
                arrays = [np.asarray(archive[name]) for name in names if name in received]
        except DataSetError:
            raise
        # NumPy and zipfile raise whatever their authors did not foresee: TokenError, RuntimeError.
        except Exception as error:
            raise DataSetError(
                f"{self.path}: expected a whole archive of NumPy arrays, received one that cannot "
                f"be read ({error}). Copy or download it again."
            ) from error
        if len(arrays) < len(names):
            raise DataSetError(
                f"{self.path}: expected the arrays x_train, y_train, x_test and y_test, received "
                f"{', '.join(received) or 'none'}. Name them so."
            )
        images, labels = arrays
        paths = (f"{self.path}/{names[0]}", f"{self.path}/{names[1]}")
        yield ArrayReader(images, labels, names=paths, data=data)


def _open_archive(stream: BinaryIO) -> NpzFile:
    archive = np.load(stream)
    if not isinstance(archive, NpzFile):
        raise TypeError("it holds a single array")
    return archive
