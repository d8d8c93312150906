"""Reads a picture as it is, in the size and the colours that a model takes."""

from typing import BinaryIO

import numpy as np
from PIL import Image

from serving.client.digit_image import Pixels
from serving.client.pictures.decoding import decode
from serving.client.pictures.errors import PictureError

_GREY_RANK = 2


def read_plainly(
    stream: BinaryIO, name: str, image_shape: tuple[int, ...], *, raw: bool = False
) -> Pixels:
    """Returns all of a picture, uint8 [*image_shape]; grey, or in three colours.

    Args:
      stream: A PNG, JPEG or other file that pictures come in.
      name: Names the file in errors.
      image_shape: Height and width, and 3 of images in colour. A picture of another size is scaled
        to it, whatever its proportions.
      raw: Take a picture of this size only.

    Raises:
      PictureError: It can't be read, is too large, or has another size though it is to be taken
        `raw`.
    """
    height, width = image_shape[:2]
    picture = decode(stream, name, taken_as_is=(width, height))
    if raw and picture.size != (width, height):
        raise PictureError(
            f"{name}: expected {width} x {height} pixels, which --raw asks for, received "
            f"{picture.width} x {picture.height}; without --raw, it is scaled"
        )
    picture = picture.convert("L" if len(image_shape) == _GREY_RANK else "RGB")
    return np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS))
