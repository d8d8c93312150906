"""Reads images that a program has written as JSON (numpy only)."""

import json
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from serving.client.digit_image import SIDE, Pixels
from serving.client.pictures.errors import PictureError

_WHITE = 255
_EXPECTED = (
    f"a list of images as JSON, each {SIDE} lists of {SIDE} whole numbers from 0 to {_WHITE}"
)


def parse_images(content: bytes, name: str) -> Pixels:
    """Returns images as uint8 [images, 28, 28].

    Args:
      content: A list of images, or an object that holds it as "instances"; UTF-8 with or without a
        byte order mark, UTF-16 or UTF-32.
      name: Names it in errors.

    Raises:
      PictureError: It is anything else.
    """
    try:
        images = _to_array(_parse_rows(content))
    except RecursionError as error:
        raise _error(name, "lists in lists too deep to read") from error
    except UnicodeDecodeError as error:
        raise _error(name, f"bytes that are no text: {error.reason} at {error.start}") from error
    except json.JSONDecodeError as error:
        received = f"no JSON: {error}" if content.strip() else "nothing"
        raise _error(name, received) from error
    except ValueError as error:
        raise _error(name, str(error)) from error
    check_shape(name, images.shape[1:])
    if images.dtype.kind not in "iu" or images.min() < 0 or images.max() > _WHITE:
        raise _error(name, "other values")
    return images.astype(np.uint8)


def check_shape(name: str, shape: tuple[int, ...]) -> None:
    """Checks that images have the size that the model takes.

    Raises:
      PictureError: They have not.
    """
    if shape != (SIDE, SIDE):
        raise PictureError(
            f"{name}: expected images of {SIDE} x {SIDE} pixels, received shape {list(shape)}"
        )


def _parse_rows(content: bytes) -> list[Any]:
    rows = json.loads(content, parse_constant=_refuse_constant, parse_int=_parse_int)
    if isinstance(rows, dict):
        if "instances" not in rows:
            raise ValueError('an object without "instances"')
        rows = rows["instances"]
    if not isinstance(rows, list):
        raise ValueError(f"{json.dumps(rows)[:20]} in its place")  # noqa: TRY004 - of the content
    if not rows:
        raise ValueError("an empty list")
    return rows


def _to_array(rows: list[Any]) -> npt.NDArray[Any]:
    try:
        return np.asarray(rows)
    except ValueError as error:
        raise ValueError("lists of unequal lengths or depths") from error


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant}, which is no number")


def _parse_int(digits: str) -> int:
    """Python reads no number of thousands of digits; one of twenty is as wrong."""
    return int(digits[:20])


def _error(name: str, received: str) -> PictureError:
    return PictureError(f"{name}: expected {_EXPECTED}, received {received}")
