"""Labelled images as they are read, whatever format they are in (numpy only)."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt


class RowBlock(NamedTuple):
    """Consecutive rows.

    Attributes:
      first_row: Number of the first row, from 0.
      images: uint8 [rows, *image_shape].
      labels: uint8 [rows].
    """

    first_row: int
    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]


class RowReader(Protocol):
    """Reads images and their labels side by side."""

    @property
    def num_rows(self) -> int:
        """How many rows there are, 1 or more."""

    @property
    def is_sequential(self) -> bool:
        """Whether rows can only be read front to back."""

    def check_lengths(self) -> None:
        """Compares what files announce with how long they are, so far as that costs no reading.

        Raises:
          DataSetError: A file is truncated, or too long.
        """

    def count_labels(self) -> npt.NDArray[np.int64]:
        """Returns how many rows each class has, int64 [num_classes], and looks at no image.

        Raises:
          DataSetError: A file is damaged, or a label out of range.
        """

    def read_blocks(
        self, *, first_row: int, num_rows: int, rows_per_block: int
    ) -> Iterator[RowBlock]:
        """Yields `num_rows` rows from `first_row` on, `rows_per_block` at a time.

        Raises:
          DataSetError: A file is damaged, or a label out of range.
        """
