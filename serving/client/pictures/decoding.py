"""Decodes picture files of any kind to 8 bits, the way up that they were taken."""

import warnings
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from serving.client.pictures.errors import PictureError

# What cameras, scanners and programs write. Pillow's decoders of the formats of games and printers
# are seldom tested, and one of them starts a program.
_FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM", "JPEG2000")
_NAMES = "PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF, PNM or JPEG 2000"
_MAX_PIXELS = 50_000_000
_WHITE = 255
# The most that levels hold: floats of 0 to 1, then 8, 10, 12 and 16 bits.
_DEPTHS = (1, 255, 1023, 4095, 65535)
# Of 255: ink with less of it on white paper is white.
_LEAST_CONTRAST = 24
# By EXIF's orientation: how to turn or mirror a picture so that it stands upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(
    stream: BinaryIO, name: str, *, taken_as_is: tuple[int, int] | None = None
) -> Image.Image:
    """Returns the first picture in a file, upright, of mode L or RGB.

    Grey levels of more than 8 bits are scaled: the lowest is black, the highest white. In a picture
    that is taken as it is, black is 0, and white the most that their depth can hold. What is
    transparent shows white paper, or is white ink's own background.

    Args:
      stream: The file.
      name: Names it in errors.
      taken_as_is: Width and height of pictures whose levels are not to be stretched.

    Raises:
      PictureError: It is of no format that pictures come in, is damaged, or too large.
    """
    try:
        with warnings.catch_warnings():
            # What else Pillow warns of, such as odd EXIF, is no fault of the pixels.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(stream, formats=_FORMATS) as picture:
                _check_size(picture, name)
                upright = _turn(_to_8_bits(picture, name, taken_as_is), _read_orientation(picture))
                return _lay_on_paper(upright)
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(f"{name}: expected at most {_MAX_PIXELS:,} pixels; scale it down") from (
            error
        )
    except UnidentifiedImageError as error:
        raise PictureError(
            f"{name}: expected a picture ({_NAMES}), received a file that is empty, damaged or "
            "another"
        ) from error
    # Decoders raise whatever their authors did not foresee: IndexError, struct.error, MemoryError.
    except Exception as error:
        raise PictureError(
            f"{name}: the picture can't be read: {_first_line(error)}. Save it anew, as PNG"
        ) from error


def _check_size(picture: Image.Image, name: str) -> None:
    if picture.width * picture.height > _MAX_PIXELS:
        raise PictureError(
            f"{name}: expected at most {_MAX_PIXELS:,} pixels, received "
            f"{picture.width} x {picture.height}; scale it down"
        )


def _read_orientation(picture: Image.Image) -> int:
    """Returns EXIF's orientation; 1, which is upright, where there is none that can be read.

    Pillow's own function for this writes the rest of EXIF anew, and fails if any of it is odd.
    """
    try:
        orientation = picture.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # noqa: BLE001 - as above; the pixels are intact
        return 1
    return orientation if isinstance(orientation, int) else 1


def _turn(picture: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def _to_8_bits(picture: Image.Image, name: str, taken_as_is: tuple[int, int] | None) -> Image.Image:
    """Scales integers of 16 and 32 bits and floats, which Pillow would cut off at 255."""
    if not picture.mode.startswith(("I", "F")):
        picture.load()
        return picture
    levels = np.asarray(picture).astype(np.float64)
    finite = levels[np.isfinite(levels)]
    if not finite.size:
        raise PictureError(f"{name}: expected grey levels, received no finite number")
    lowest, highest = finite.min(), finite.max()
    levels = np.nan_to_num(levels, nan=float(np.median(finite)), posinf=highest, neginf=lowest)
    if picture.size == taken_as_is and lowest >= 0 and highest <= max(_DEPTHS):
        first = 0 if picture.mode == "F" else 1
        lowest, highest = 0.0, next(most for most in _DEPTHS[first:] if most >= highest)
    shares = (levels - lowest) / ((highest - lowest) or 1.0)
    return Image.fromarray((_WHITE * shares).round().astype(np.uint8))


def _lay_on_paper(picture: Image.Image) -> Image.Image:
    """Returns what a picture with transparent parts looks like on white paper."""
    if picture.mode in ("L", "RGB") and "transparency" not in picture.info:
        return picture
    layer = picture.convert("RGBA")
    paper = Image.new("RGBA", layer.size, "white")
    seen = Image.alpha_composite(paper, layer).convert("RGB")
    if np.ptp(np.asarray(seen.convert("L"))) < _LEAST_CONTRAST:
        # White ink on nothing: what is opaque is the digit.
        return layer.getchannel("A")
    return seen


def _first_line(error: Exception) -> str:
    """Returns what an error says, or its kind if that is nothing."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__
