"""Why what stands out in a picture is no digit.

The bounds lie between what was measured on photographs of digits and on such of none.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

LEAST_CONTRAST = 0.15
"""Of the light: what differs less from its background is no ink."""

# A shadow takes less of the light than that: ink that is fainter must be within the picture, and
# more like strokes than the corner of a shadow is.
_MOST_OF_A_SHADOW = 0.5
_LEAST_SHARE_OF_LARGEST = 0.6
_LEAST_SHARE_AGAINST_PAPER, _LEAST_SHARE_IF_FAINT = 0.4, 0.7
_LEAST_SHARPNESS = 0.5
_MOST_NOISE = 0.3
_NOISE_QUANTILE = 0.95
_MOST_THICKNESS, _MOST_THICKNESS_IF_FAINT = 0.55, 0.3
_LEAST_LENGTH = 0.03
# Around the ink, where its edges are soft.
_MARGIN = 3
_FULL, _FAINT = 0.6, 0.25

_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Strokes:
    """What stands out in a picture.

    Attributes:
      main: Where the part is that stands out most.
      digit: Where it and all else is that has ink.
      contrast: Of each pixel to its background, 1 is full ink.
      full: The contrast of full ink, as a share of the light.
      thickness: Of the thickest stroke, in pixels.
      share_of_largest: Of all ink, what the largest part has.
      share_against_paper: Of the contrast to the background, what is left against the paper around.
    """

    main: _Mask
    digit: _Mask
    contrast: npt.NDArray[np.float64]
    full: float
    thickness: float
    share_of_largest: float
    share_against_paper: float


def find_doubt(strokes: Strokes) -> str:
    """Returns why the strokes are none of a digit, "" if they may be."""
    around = ndimage.binary_dilation(strokes.digit, iterations=_MARGIN)
    is_faint = strokes.full < _MOST_OF_A_SHADOW
    least_share = _LEAST_SHARE_IF_FAINT if is_faint else _LEAST_SHARE_AGAINST_PAPER
    most_thickness = _MOST_THICKNESS_IF_FAINT if is_faint else _MOST_THICKNESS
    doubts = {
        "what stands out is only a dot": (
            _length(strokes.main) < _LEAST_LENGTH * min(strokes.main.shape)
        ),
        "what stands out is a patch, not a stroke": (
            strokes.thickness > most_thickness * _length(strokes.main)
        ),
        "what stands out is the paper between strokes": (strokes.share_against_paper < least_share),
        "what stands out is everywhere, as noise is": (
            strokes.share_of_largest < _LEAST_SHARE_OF_LARGEST
            or _noise(strokes, ~around) > _MOST_NOISE
        ),
        "what stands out has soft edges, as light and shadow have": (
            _sharpness(strokes, around) < _LEAST_SHARPNESS
        ),
        "what stands out reaches the edge of the picture, as a shadow does": (
            is_faint and _is_at_edge(strokes.main)
        ),
    }
    return next((doubt for doubt, holds in doubts.items() if holds), "")


def _noise(strokes: Strokes, paper: _Mask) -> float:
    """Returns the contrast of the paper, 0 if all of the picture is ink."""
    return float(np.quantile(strokes.contrast[paper], _NOISE_QUANTILE)) if paper.any() else 0.0


def _sharpness(strokes: Strokes, around: _Mask) -> float:
    """Returns how much of what differs from the paper is full ink."""
    num_full = int(np.count_nonzero(strokes.contrast[strokes.digit] > _FULL))
    return num_full / max(1, int(np.count_nonzero(strokes.contrast[around] > _FAINT)))


def _length(mask: _Mask) -> int:
    """Returns the longer side of the box around a part."""
    return max(int(np.ptp(np.flatnonzero(mask.any(axis=axis)))) + 1 for axis in (0, 1))


def _is_at_edge(mask: _Mask) -> bool:
    return bool(mask[[0, -1]].any() or mask[:, [0, -1]].any())
