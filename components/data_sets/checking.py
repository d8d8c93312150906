"""Checks a data set before anything is made of it (no TensorFlow)."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from components.data_sets.data_set import Part
from components.data_sets.finding import Format, Layout, find_data_set
from components.data_sets.tfrecords import check_folders
from modules.data_spec import DataSpec


class CheckedPart(NamedTuple):
    """A part of a data set whose files belong together.

    Attributes:
      part: Which one.
      rows_of_classes: How many rows each class has, int64 [num_classes].
    """

    part: Part
    rows_of_classes: npt.NDArray[np.int64]


def check_data_set(folder: str, layout: Layout, data: DataSpec) -> tuple[CheckedPart, ...]:
    """Reads all headers and labels, and compares lengths; looks at no image.

    What is compressed is not read to its end, so that a truncated file of images may pass. Of
    TFRecords, only that they are there is seen.

    Args:
      folder: Where the files are.
      layout: How they lie there.
      data: What the images and the labels must be.

    Returns:
      The rows to learn from, and those that are never trained on; nothing of TFRecords.

    Raises:
      DataSetError: It is no complete, consistent data set.
    """
    if layout.format is Format.TFRECORD:
        check_folders("/".join(filter(None, (folder.rstrip("/"), layout.name))))
        return ()
    return tuple(_check_part(part, data) for part in find_data_set(folder, layout))


def _check_part(part: Part, data: DataSpec) -> CheckedPart:
    with part.open(data) as reader:
        reader.check_lengths()
        return CheckedPart(part, reader.count_labels())
