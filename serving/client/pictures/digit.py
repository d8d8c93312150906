"""Reads the digit that a picture file shows, as a model of MNIST wants it."""

from typing import BinaryIO

import numpy as np
from PIL import Image

from serving.client.digit_image import SIDE, Pixels, centre
from serving.client.pictures.background import Levels
from serving.client.pictures.decoding import decode
from serving.client.pictures.errors import PictureError
from serving.client.pictures.ink import NoInkError, find_ink

_MIDDLE_GREY = 127


def read_digit(stream: BinaryIO, name: str) -> Pixels:
    """Returns the digit in a picture: uint8 [28, 28], ink is 255.

    A picture of 28 x 28 pixels is taken as it is, unless its four corners are light, as paper is.
    Of any other the ink is found, cropped and centred.

    Args:
      stream: A PNG, JPEG or other file that pictures come in.
      name: Names the file in errors.

    Raises:
      PictureError: It can't be read, is too large, or has no clear ink.
    """
    picture = decode(stream, name, taken_as_is=(SIDE, SIDE))
    grey = picture.convert("L")
    pixels = np.asarray(grey)
    if picture.size == (SIDE, SIDE) and not _is_on_light_paper(pixels):
        return pixels
    return centre(_find_ink(picture, grey, name))


def _is_on_light_paper(pixels: Pixels) -> bool:
    return bool((pixels[[0, 0, -1, -1], [0, -1, 0, -1]] > _MIDDLE_GREY).all())


def _find_ink(picture: Image.Image, grey: Image.Image, name: str) -> Levels:
    """Returns the ink in grey, or in one of the colours if ink and paper are of the same grey."""
    colours = picture.split() if picture.mode == "RGB" else ()
    doubts = []
    for channel in (grey, *colours):
        try:
            return find_ink(np.asarray(channel, np.float64))
        except NoInkError as error:
            doubts.append(str(error))
    raise PictureError(
        f"{name}: expected a digit that stands out from its background, received a picture of "
        f"{picture.width} x {picture.height} pixels with no clear ink: {doubts[0]}. Take it "
        "sharp, with one dark digit and paper all around it"
    )
