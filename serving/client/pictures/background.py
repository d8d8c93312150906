"""Tells ink from paper, however the light falls on it."""

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

Levels = npt.NDArray[np.float64]

# Of the brightest pixel, and of white: what is darker than both counts as dark as they, since
# shares of next to nothing are noise.
_DARK_SHARE = 0.4
_DARK = 60.0
_MEDIAN_SIDE = 40
_MEDIAN_WINDOW = 19


def measure_contrast(levels: Levels, width: int, *, dark_ink: bool) -> Levels:
    """Returns how much darker or lighter than its background each pixel is, as a share.

    The light is that of the background, or for light ink that of the lightest pixel near.
    The background is a morphological closing: the darkest of the lightest values around a pixel;
    for light ink it is an opening, the other way round. It fills whatever a square of this width
    does not fit into, such as a stroke, and changes nothing of light that falls off to one side,
    of a vignette, or of a shadow with an edge of any direction, hard or soft. A share of the light
    is the same in the light and in the shadow.

    Args:
      levels: 0 black to 255 white, float [height, width].
      width: More than that of a stroke, in pixels.
      dark_ink: Whether the ink is darker than the paper.

    Returns:
      Float [height, width], 0 where there is paper, less than 1.
    """
    if dark_ink:
        background = light = _close(levels, width)
    else:
        background, light = -_close(-levels, width), _find_lightest(levels, width)
    floor = max(_DARK_SHARE * levels.max(), _DARK)
    shares = abs(levels - background) / np.maximum(light, floor)
    # Noise makes the lightest of many pixels lighter than paper is.
    return np.clip(shares - np.median(shares), 0.0, None)


def estimate_paper(levels: Levels) -> Levels:
    """Returns the median of each pixel's wide surroundings, float [height, width].

    It is cruder than what `measure_contrast` compares with, but the same for dark and light ink.
    """
    window = ndimage.median_filter(scale_down(levels, _MEDIAN_SIDE), _MEDIAN_WINDOW, mode="nearest")
    return _resize(window, levels.shape[1], levels.shape[0], Image.Resampling.BILINEAR)


def scale_down(levels: Levels, side: int) -> Levels:
    """Returns levels with no more pixels than a square of this side, each the mean of its part."""
    height, width = levels.shape
    scale = side / (height * width) ** 0.5
    if scale >= 1:
        return levels
    return _resize(
        levels,
        max(1, round(width * scale)),
        max(1, round(height * scale)),
        Image.Resampling.BOX,
    )


def _close(levels: Levels, width: int) -> Levels:
    """Closes by a square, as if the outermost pixels went on for ever."""
    radius = max(1, width // 2)
    lightest = _find_lightest(np.pad(levels, radius, mode="edge"), width)
    closed = ndimage.minimum_filter(lightest, 2 * radius + 1, mode="nearest")
    return np.asarray(closed[radius:-radius, radius:-radius])


def _find_lightest(levels: Levels, width: int) -> Levels:
    """Returns the lightest value in a square around each pixel."""
    return np.asarray(ndimage.maximum_filter(levels, 2 * max(1, width // 2) + 1, mode="nearest"))


def _resize(levels: Levels, width: int, height: int, how: Image.Resampling) -> Levels:
    picture = Image.fromarray(levels.astype(np.float32))
    return np.asarray(picture.resize((width, height), how), np.float64)
