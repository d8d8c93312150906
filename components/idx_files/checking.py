"""Checks an IDX data set before anything is made of it (no TensorFlow)."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from components.idx_files.idx_folder import IdxFolder, IdxPair
from components.idx_files.storage import find_files, open_pair
from modules.data_spec import DataSpec


class CheckedPair(NamedTuple):
    """A pair of files that belong together.

    Attributes:
      pair: Their paths.
      rows_of_classes: How many rows each class has, int64 [num_classes].
    """

    pair: IdxPair
    rows_of_classes: npt.NDArray[np.int64]


def check_files(folder: str, data: DataSpec) -> tuple[CheckedPair, ...]:
    """Reads all headers and labels, and compares lengths; looks at no image.

    What is compressed is not read to its end, so that a truncated file of images may pass.

    Args:
      folder: Where the files are.
      data: What the images and the labels must be.

    Returns:
      The train files, and the t10k files.

    Raises:
      IdxError: It is no complete, consistent data set.
    """
    found: IdxFolder = find_files(folder)
    return tuple(_check_pair(pair, data) for pair in found)


def _check_pair(pair: IdxPair, data: DataSpec) -> CheckedPair:
    with open_pair(pair, data) as reader:
        reader.check_lengths()
        return CheckedPair(pair, reader.count_labels())
