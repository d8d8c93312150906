"""Connected parts of a picture, and how thick they are."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from serving.client.pictures.background import Levels

_NEIGHBOURS = np.ones((3, 3), bool)

Mask = npt.NDArray[np.bool_]


def weigh_parts(mask: Mask, amounts: Levels) -> tuple[Levels, Levels]:
    """Returns the number of the part that each pixel is in, and the sum of each part's amounts.

    Parts are numbered from 1, and touch also at corners; 0 is what is in none.
    """
    parts, count = ndimage.label(mask, _NEIGHBOURS)
    return parts, np.asarray(ndimage.sum(amounts, parts, np.arange(1, count + 1)), np.float64)


def measure_thickness(mask: Mask) -> float:
    """Returns how thick the thickest part is, in pixels; beyond the picture there is nothing."""
    return 2 * float(ndimage.distance_transform_edt(np.pad(mask, 1)).max()) - 1
