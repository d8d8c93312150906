"""Reads a picture as the pixels that a model is trained on (no TensorFlow)."""

from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from components.data_sets.errors import DataSetError
from components.data_sets.storage import open_file
from modules.data_spec import PIXEL_TYPE, DataSpec

ENDINGS = (".png", ".jpg", ".jpeg")
"""What the names of pictures end in, in small letters."""

_FORMATS = ("PNG", "JPEG")
_MODES = {1: "L", 3: "RGB"}
_GREY_MODES = ("1", "L", "LA")
_OPAQUE = 255
_MAX_DEPTH = 8
_PLACE_OF_DEPTH = 24


def read_picture(path: str, data: DataSpec) -> npt.NDArray[np.uint8]:
    """Returns the pixels of a PNG or JPEG: grey or colour, as the model takes them, and upright.

    Args:
      path: Of the file.
      data: What the picture must be.

    Returns:
      uint8 [*data.image_shape].

    Raises:
      DataSetError: It cannot be read, is of another size, or not all of it can be kept.
    """
    try:
        with open_file(path) as stream, Image.open(stream, formats=_FORMATS) as picture:
            _check_depth(picture, stream, path)
            upright = ImageOps.exif_transpose(picture)
            _check(upright, path, data)
            return np.asarray(upright.convert(_MODES[data.channels]), PIXEL_TYPE)
    except DataSetError:
        raise
    # Decoders raise whatever their authors did not foresee: SyntaxError, IndexError, struct.error.
    except Exception as error:
        raise DataSetError(
            f"{path}: expected a whole PNG or JPEG, received one that cannot be read ({error}). "
            "Replace or remove it."
        ) from error


def _check_depth(picture: Image.Image, stream: BinaryIO, path: str) -> None:
    """Refuses a PNG of 16 bits, half of which Pillow cuts off where there is colour or alpha."""
    if picture.format != "PNG":
        return
    place = stream.tell()
    stream.seek(_PLACE_OF_DEPTH)
    [depth] = stream.read(1)
    stream.seek(place)
    if depth > _MAX_DEPTH:
        raise DataSetError(
            f"{path}: expected a picture with {_MAX_DEPTH} bits in a channel, received one with "
            f"{depth}. Convert it."
        )


def _check(picture: Image.Image, path: str, data: DataSpec) -> None:
    if picture.size != (data.width, data.height):
        width, height = picture.size
        raise DataSetError(
            f"{path}: expected a picture of {data.height}x{data.width} pixels (height x width), "
            f"received {height}x{width}. Resize it, or set data.height and data.width."
        )
    if data.channels == 1 and _has_colour(picture):
        raise DataSetError(
            f"{path}: expected a grey picture, received one in colour. Set data.channels=3, or "
            "convert it."
        )
    if picture.has_transparency_data:
        alpha = picture.convert("RGBA").getchannel("A")
        if np.asarray(alpha).min() < _OPAQUE:
            raise DataSetError(
                f"{path}: expected a picture without transparent pixels, received some. Put it on "
                "the background that it is to have."
            )


def _has_colour(picture: Image.Image) -> bool:
    if picture.mode in _GREY_MODES:
        return False
    return bool(np.ptp(np.asarray(picture.convert("RGB")), axis=-1).any())
