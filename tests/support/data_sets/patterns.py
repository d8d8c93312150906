"""Images of classes that are easily told apart, of any size and number."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_CELLS = 7
_NOISE = 24


class Rows(NamedTuple):
    """Images, uint8 [rows, *image_shape], and their labels, uint8 [rows]."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]


def draw_rows(
    image_shape: tuple[int, ...], *, num_classes: int, rows_per_class: int, seed: int
) -> Rows:
    """Returns rows of each class: its own coarse pattern, with noise that no other row has.

    Args:
      image_shape: Height and width, and channels unless there is one.
      num_classes: How many patterns.
      rows_per_class: How many rows each.
      seed: Of the noise; the patterns are always the same.
    """
    height, width, *channels = image_shape
    cells = np.random.default_rng(7).integers(0, 2, (num_classes, _CELLS, _CELLS, *channels))
    rows = np.arange(height) * _CELLS // height
    columns = np.arange(width) * _CELLS // width
    patterns = cells[:, rows][:, :, columns] * 180 + 30
    labels = np.tile(np.arange(num_classes, dtype=np.uint8), rows_per_class)
    noise = np.random.default_rng(seed).integers(
        -_NOISE, _NOISE + 1, (len(labels), *image_shape), dtype=np.int16
    )
    return Rows((patterns[labels] + noise).astype(np.uint8), labels)
