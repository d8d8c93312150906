"""Draws images with half blocks, two rows of pixels in a line (numpy only)."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

_INK = 64
_CELLS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def draw_picture(image: npt.NDArray[np.uint8]) -> str:
    """Returns an image in a frame.

    Args:
      image: uint8 [height, width] or [height, width, channels]; what is brighter than a quarter is
        ink.
    """
    frame = "─" * image.shape[1]
    brightness = np.atleast_3d(image).mean(axis=-1)
    ink = np.pad(brightness >= _INK, ((0, len(image) % 2), (0, 0)))
    lines = (f"│{line}│" for line in _draw_lines(ink))
    return "\n".join([f"┌{frame}┐", *lines, f"└{frame}┘"])


def _draw_lines(ink: npt.NDArray[np.bool_]) -> Iterator[str]:
    for upper, lower in zip(ink[::2], ink[1::2], strict=True):
        yield "".join(_CELLS[bool(high), bool(low)] for high, low in zip(upper, lower, strict=True))
