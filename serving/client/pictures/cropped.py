"""Reads a digit that was cropped to its strokes, which leaves no paper around it.

Beyond an edge, strokes would be taken to go on for ever, as paper does. In even light it needs no
more than one level to tell them apart.
"""

import numpy as np
from scipy import ndimage

from serving.client.pictures.background import Levels, scale_down
from serving.client.pictures.parts import measure_thickness, weigh_parts

# Of the lightest pixel: a shadow takes less of the light, noise on it included.
_MOST_OF_A_SHADOW = 0.6
# Of the contrast between paper and ink: paper in even light differs by no more from one level.
_EVEN = 0.15
_EVEN_QUANTILE = 0.95
_INK = 0.5
# Of all pixels: with noise, what stands out is everywhere.
_LEAST_PAPER = 0.1
# Edges of strokes are soft for so many pixels of a picture with as many as a square of that side.
_SIDE = 80
_SOFT = 4
# Of the longer side: what is thicker is no stroke.
_MOST_THICKNESS = 0.45
# Of all strokes, the largest one; and of that, each other: what is less is a stain.
_LEAST_SHARE_OF_LARGEST = 0.6
_LEAST_PART = 0.05


def find_cropped_ink(levels: Levels) -> Levels | None:
    """Returns how much ink each pixel has, None unless strokes touch the edges in even light.

    Args:
      levels: 0 black to 255 white, float [height, width].

    Returns:
      Float from 0 to 1.
    """
    if not _is_cropped(scale_down(levels, _SIDE)):
        return None
    differences = levels - np.median(_list_border(levels))
    ink = np.clip(differences * np.sign(differences.max() + differences.min()), 0.0, None)
    return np.asarray(ink / ink.max())


def _is_cropped(levels: Levels) -> bool:
    differences = abs(levels - np.median(_list_border(levels)))
    contrast = differences.max()
    if contrast <= _MOST_OF_A_SHADOW * levels.max():
        return False
    strokes = differences > _INK * contrast
    thickness = measure_thickness(strokes)
    soft = max(1, round(_SOFT * levels.size**0.5 / _SIDE))
    around = ndimage.binary_dilation(strokes, iterations=soft)
    if not _list_border(around).any() or thickness > _MOST_THICKNESS * max(levels.shape):
        return False
    _, sizes = weigh_parts(strokes, np.ones(levels.shape))
    largest = sizes.max()
    if sizes.min() < _LEAST_PART * largest or largest < _LEAST_SHARE_OF_LARGEST * sizes.sum():
        return False
    rest = differences[~around]
    return bool(
        rest.size > _LEAST_PAPER * levels.size
        and np.quantile(rest, _EVEN_QUANTILE) < _EVEN * contrast
    )


def _list_border(levels: Levels) -> Levels:
    """Returns the outermost values of a picture."""
    return np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])
