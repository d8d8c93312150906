"""Reads a picture as the pixels that a model is trained on (no TensorFlow)."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from components.data_sets.errors import DataSetError
from components.data_sets.storage import open_file
from modules.data_spec import PIXEL_TYPE, DataSpec

ENDINGS = (".png", ".jpg", ".jpeg")
"""What the names of pictures end in, in small letters."""

_FORMATS = ("PNG", "JPEG")
_MODES = {1: "L", 3: "RGB"}
_OPAQUE = 255
# Pillow would cut off what does not fit into 8 bits.
_WIDE_MODES = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")


def read_picture(path: str, data: DataSpec) -> npt.NDArray[np.uint8]:
    """Returns the pixels of a PNG or JPEG: grey or colour, as the model takes them.

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
            _check(picture, path, data)
            return np.asarray(picture.convert(_MODES[data.channels]), PIXEL_TYPE)
    except DataSetError:
        raise
    # Pillow raises many errors on damaged files, SyntaxError among them.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataSetError(
            f"{path}: expected a whole PNG or JPEG, received one that cannot be read ({error}). "
            "Replace or remove it."
        ) from error


def _check(picture: Image.Image, path: str, data: DataSpec) -> None:
    if picture.size != (data.width, data.height):
        width, height = picture.size
        raise DataSetError(
            f"{path}: expected a picture of {data.height}x{data.width} pixels (height x width), "
            f"received {height}x{width}. Resize it, or set data.height and data.width."
        )
    if picture.mode in _WIDE_MODES:
        raise DataSetError(
            f"{path}: expected a picture with 8 bits in a channel, received one with more "
            f"({picture.mode}). Convert it."
        )
    if picture.has_transparency_data:
        alpha = picture.convert("RGBA").getchannel("A")
        if np.asarray(alpha).min() < _OPAQUE:
            raise DataSetError(
                f"{path}: expected a picture without transparent pixels, received some. Put it on "
                "the background that it is to have."
            )
