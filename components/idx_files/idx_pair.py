"""Reads the images of an IDX file together with their labels (no TensorFlow)."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from components.data_sets.rows import RowBlock
from components.idx_files.idx import IdxError, IdxReader
from modules.data_spec import DataSpec

_LABELS_AT_ONCE = 1 << 20


class IdxPairReader:
    """Reads images and their labels side by side.

    Attributes:
      num_rows: Rows in each of the two files.
      is_sequential: Whether one of them is compressed: rows can only be read front to back.
    """

    def __init__(
        self,
        images: IdxReader,
        labels: IdxReader,
        *,
        data: DataSpec,
        is_transposed: bool = False,
    ) -> None:
        """Checks that the files belong together.

        Args:
          images: The images file, its header just read.
          labels: The labels file, its header just read.
          data: What the images and the labels must be.
          is_transposed: Whether rows and columns of an image are exchanged in the file.

        Raises:
          IdxError: The files hold different numbers of rows, or images of another shape.
        """
        row_shape = _exchange(images.row_shape) if is_transposed else images.row_shape
        if row_shape != data.image_shape:
            raise IdxError(
                f"{images.path}: expected images of {data.describe_size()} pixels, received "
                f"{'x'.join(map(str, row_shape))}. Resize them, or set data.height, "
                "data.width and data.channels to what they are."
            )
        if images.num_rows != labels.num_rows:
            raise IdxError(
                f"{labels.path}: expected {images.num_rows:,} labels, one for each image of "
                f"{images.path}, received {labels.num_rows:,}. Take both files from the same set."
            )
        self.num_rows = images.num_rows
        self.is_sequential = images.is_gzip or labels.is_gzip
        self._images = images
        self._labels = labels
        self._is_transposed = is_transposed
        self._num_classes = data.num_classes

    def check_lengths(self) -> None:
        """Compares the length of each uncompressed file with its header.

        Raises:
          IdxError: A file is truncated, or bytes trail its last row.
        """
        self._images.check_length()
        self._labels.check_length()

    def count_labels(self) -> npt.NDArray[np.int64]:
        """Reads all labels, and no image.

        Returns:
          How many rows each class has, int64 [num_classes].

        Raises:
          IdxError: The labels file is truncated, damaged or too long, or a label is out of range.
        """
        counts = np.zeros(self._num_classes, np.int64)
        self._labels.seek_row(0)
        for row in range(0, self.num_rows, _LABELS_AT_ONCE):
            labels = self._labels.read_rows(min(_LABELS_AT_ONCE, self.num_rows - row))
            self._check_labels(labels, row)
            counts += np.bincount(labels, minlength=self._num_classes)
        self._labels.check_end()
        return counts

    def read_blocks(
        self, *, first_row: int, num_rows: int, rows_per_block: int
    ) -> Iterator[RowBlock]:
        """Yields `num_rows` rows from `first_row` on, `rows_per_block` at a time.

        Where the last row of the files is among them, also checks that the files end there.

        Raises:
          IdxError: A file is truncated, damaged or too long, or a label is out of range.
        """
        end = first_row + num_rows
        for reader in (self._images, self._labels):
            reader.seek_row(first_row)
        for row in range(first_row, end, rows_per_block):
            size = min(rows_per_block, end - row)
            images = self._images.read_rows(size)
            if self._is_transposed:
                images = np.ascontiguousarray(images.swapaxes(1, 2))
            block = RowBlock(row, images, self._labels.read_rows(size))
            self._check_labels(block.labels, row)
            yield block
        if end == self.num_rows:
            self._images.check_end()
            self._labels.check_end()

    def _check_labels(self, labels: npt.NDArray[np.uint8], first_row: int) -> None:
        out_of_range = np.flatnonzero(labels >= self._num_classes)
        if out_of_range.size:
            row = int(out_of_range[0])
            raise IdxError(
                f"{self._labels.path}: expected labels from 0 to {self._num_classes - 1}, "
                f"received {labels[row]} in row {first_row + row:,}. Correct the "
                "labels, or set data.num_classes to the number of classes that the data have."
            )


def _exchange(shape: tuple[int, ...]) -> tuple[int, ...]:
    width, height, *channels = shape
    return (height, width, *channels)
