"""Makes of the ink of a digit what MNIST would have made of it (numpy only).

http://yann.lecun.com/exdb/mnist/: the digits were scaled to fit a box of 20 by 20 pixels, grey
levels and proportions kept, and put into 28 by 28 so that their centre of mass is in the middle.
"""

import numpy as np
import numpy.typing as npt

SIDE = 28
_BOX = 20
# Of the strongest ink: what is fainter is no part of the digit.
_NOISE = 0.2

Pixels = npt.NDArray[np.uint8]
_Ink = npt.NDArray[np.float64]


def centre(ink: _Ink) -> Pixels:
    """Crops, scales and centres a digit.

    Args:
      ink: How much ink each pixel has, float [height, width]; some pixel has more than none.

    Returns:
      uint8 [28, 28].
    """
    ink = np.where(ink < _NOISE * ink.max(), 0.0, ink)
    rows, columns = np.nonzero(ink.any(axis=1))[0], np.nonzero(ink.any(axis=0))[0]
    cropped = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = _BOX / max(cropped.shape)
    height, width = (max(1, round(size * scale)) for size in cropped.shape)
    scaled = _resample(_resample(cropped, height).T, width).T
    # A thin line fades as it is scaled down; MNIST's strokes have full ink in the middle.
    scaled = scaled * (255.0 / scaled.max())
    top = _offset(scaled.sum(axis=1))
    left = _offset(scaled.sum(axis=0))
    digit = np.zeros((SIDE, SIDE), np.uint8)
    digit[top : top + height, left : left + width] = scaled.round().astype(np.uint8)
    return digit


def _resample(ink: _Ink, num_rows: int) -> _Ink:
    """Returns as many rows as asked for, each the mean of what it covers, parts included."""
    edges = np.linspace(0, len(ink), num_rows + 1)
    sums = np.vstack([np.zeros(ink.shape[1]), ink.cumsum(axis=0)])
    below = np.minimum(edges.astype(int), len(ink) - 1)
    at_edges = sums[below] + (edges - below)[:, np.newaxis] * ink[below]
    return np.diff(at_edges, axis=0) / (len(ink) / num_rows)


def _offset(ink: _Ink) -> int:
    """Returns where to begin so that the mass of `ink`, in one dimension, is in the middle."""
    mass_centre = float((ink * (np.arange(len(ink)) + 0.5)).sum() / ink.sum())
    return int(np.clip(round(SIDE / 2 - mass_centre), 0, SIDE - len(ink)))
