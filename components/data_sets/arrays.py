"""Reads images and labels that are in memory as arrays (no TensorFlow)."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from components.data_sets.errors import DataSetError
from components.data_sets.rows import RowBlock
from modules.data_spec import PIXEL_TYPE, DataSpec


class ArrayReader:
    """Rows of two arrays."""

    is_sequential = True

    def __init__(
        self,
        images: npt.NDArray[Any],
        labels: npt.NDArray[Any],
        *,
        names: tuple[str, str],
        data: DataSpec,
    ) -> None:
        """Checks that the arrays belong together.

        Args:
          images: One image a row.
          labels: One whole number a row.
          names: What the two are called in messages.
          data: What the images and the labels must be.

        Raises:
          DataSetError: They are of other types or shapes, or hold different numbers of rows.
        """
        images_name, labels_name = names
        shape = images.shape[1:]
        if data.channels == 1 and shape[-1:] == (1,) and len(shape) > len(data.image_shape):
            shape, images = shape[:-1], images[..., 0]
        if images.dtype != PIXEL_TYPE or shape != data.image_shape:
            raise DataSetError(
                f"{images_name}: expected {PIXEL_TYPE} images of {data.describe_size()} pixels, "
                f"received {images.dtype} of {'x'.join(map(str, shape)) or 'no dimensions'}. "
                "Convert them, or set data.height, data.width and data.channels to what they are."
            )
        if labels.ndim and labels.size == len(labels):
            labels = labels.reshape(len(labels))
        if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
            raise DataSetError(
                f"{labels_name}: expected one whole number for each image, received "
                f"{labels.dtype} of {'x'.join(map(str, labels.shape)) or 'no dimensions'}. "
                "Convert them."
            )
        if len(images) != len(labels) or not len(images):
            raise DataSetError(
                f"{labels_name}: expected {len(images):,} labels, one for each image of "
                f"{images_name}, and one or more; received {len(labels):,}."
            )
        self.num_rows = len(images)
        self._images, self._labels = images, labels
        self._labels_name, self._num_classes = labels_name, data.num_classes

    def check_lengths(self) -> None:
        """Has nothing to do: arrays are whole."""

    def count_labels(self) -> npt.NDArray[np.int64]:
        """Returns how many rows each class has, int64 [num_classes].

        Raises:
          DataSetError: A label is out of range.
        """
        return np.bincount(self._check_labels(0, self.num_rows), minlength=self._num_classes)

    def read_blocks(
        self, *, first_row: int, num_rows: int, rows_per_block: int
    ) -> Iterator[RowBlock]:
        """Yields `num_rows` rows from `first_row` on, `rows_per_block` at a time.

        Raises:
          DataSetError: A label is out of range.
        """
        end = first_row + num_rows
        for row in range(first_row, end, rows_per_block):
            block_end = min(row + rows_per_block, end)
            labels = self._check_labels(row, block_end)
            yield RowBlock(row, np.ascontiguousarray(self._images[row:block_end]), labels)

    def _check_labels(self, first_row: int, end: int) -> npt.NDArray[np.uint8]:
        labels = self._labels[first_row:end]
        out_of_range = np.flatnonzero((labels < 0) | (labels >= self._num_classes))
        if out_of_range.size:
            row = int(out_of_range[0])
            raise DataSetError(
                f"{self._labels_name}: expected labels from 0 to {self._num_classes - 1}, received "
                f"{labels[row]} in row {first_row + row:,}. Correct the labels, or set "
                "data.num_classes to the number of classes that the data have."
            )
        return labels.astype(np.uint8)
