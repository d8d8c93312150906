"""Makes of any picture of a digit what MNIST would have made of it (no TensorFlow).

http://yann.lecun.com/exdb/mnist/: the digits were scaled to fit a box of 20 by 20 pixels, grey
levels and proportions kept, and put into 28 by 28 so that their centre of mass is in the middle.
"""

import io
import warnings

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

SIDE = 28
_BOX = 20
# Of 255: a picture with less contrast holds no digit.
_LEAST_CONTRAST = 24.0
# Of the strongest ink: what is fainter is the grain of the paper, or left by JPEG.
_NOISE = 0.2
_MIDDLE_GREY = 127.5
_MAX_PIXELS = 50_000_000
_16_BITS_TO_8 = 257

Pixels = npt.NDArray[np.uint8]
_Ink = npt.NDArray[np.float64]


class PictureError(ValueError):
    """A file that holds no picture of a digit; the message says what it holds."""


def read_digit(content: bytes, name: str) -> Pixels:
    """Returns the digit in a picture as the model wants it: uint8 [28, 28], ink is 255.

    A picture of that size with a black border is taken as it is.

    Args:
      content: A PNG, JPEG or other file that Pillow reads.
      name: Names the file in errors.

    Raises:
      PictureError: It can't be read, is too large, or has one colour only.
    """
    grey = _read_grey(content, name)
    if grey.shape == (SIDE, SIDE) and not _border(grey).any():
        return grey.astype(np.uint8)
    background = float(np.median(_border(grey)))
    ink = background - grey if background > _MIDDLE_GREY else grey - background
    ink = np.clip(ink, 0.0, None)
    if ink.max() < _LEAST_CONTRAST:
        raise PictureError(
            f"{name}: expected a digit that stands out from its background, received a picture "
            f"of {grey.shape[1]} x {grey.shape[0]} pixels in one colour"
        )
    return centre(ink)


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


def _border(grey: _Ink) -> _Ink:
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def _to_8_bits(picture: Image.Image) -> Image.Image:
    """Scales grey levels of 16 bits, which Pillow would cut off at 255."""
    if not picture.mode.startswith("I;16"):
        return picture
    return Image.fromarray((np.asarray(picture) / _16_BITS_TO_8).round().astype(np.uint8))


def _read_grey(content: bytes, name: str) -> _Ink:
    """Returns grey levels, 0 black to 255 white; what is transparent shows white paper."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as picture:
                if picture.width * picture.height > _MAX_PIXELS:
                    raise PictureError(
                        f"{name}: expected at most {_MAX_PIXELS} pixels, received "
                        f"{picture.width} x {picture.height}"
                    )
                upright = _to_8_bits(ImageOps.exif_transpose(picture)).convert("RGBA")
    except UnidentifiedImageError as error:
        raise PictureError(
            f"{name}: expected a picture (PNG, JPEG), received another file"
        ) from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Warning) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError(f"{name}: the picture can't be read: {error}") from error
    paper = Image.new("RGBA", upright.size, "white")
    grey = np.asarray(Image.alpha_composite(paper, upright).convert("L"), np.float64)
    if np.ptp(grey) < _LEAST_CONTRAST:
        # White ink on nothing: what is opaque is the digit.
        return np.asarray(upright.getchannel("A"), np.float64)
    return grey
