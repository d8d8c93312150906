"""Pictures of images as PNG files."""

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image

MAX_SIDE = 84
"""Pixels: the page's style shows a picture so large at most."""


def encode_picture(pixels: npt.NDArray[np.uint8]) -> str:
    """Returns an image as a PNG file in base64, not larger than a page shows it.

    Args:
      pixels: uint8 [height, width] or [height, width, 3].
    """
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    image.save(file, format="PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")


def decode_picture(picture: str) -> npt.NDArray[np.uint8]:
    """Returns the image that `encode_picture` was given."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))
