"""Reads images that a program has written as JSON (numpy only)."""

import json
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from serving.client.digit_image import Pixels
from serving.client.image_model import describe_size
from serving.client.pictures.errors import PictureError

_WHITE = 255


def parse_images(content: bytes, name: str, image_shape: tuple[int, ...]) -> Pixels:
    """Returns images as uint8 [images, *image_shape].

    Args:
      content: A list of images, or an object that holds it as "instances"; UTF-8 with or without a
        byte order mark, UTF-16 or UTF-32.
      name: Names it in errors.
      image_shape: Height and width, and 3 of images in colour.

    Raises:
      PictureError: It is anything else.
    """
    expected = (
        f"a list of images as JSON, each {' lists of '.join(map(str, image_shape))} whole numbers "
        f"from 0 to {_WHITE}"
    )
    try:
        images = _to_array(_parse_rows(content))
    except (RecursionError, ValueError) as error:
        raise PictureError(
            f"{name}: expected {expected}, received {_describe(error, content)}"
        ) from error
    check_shape(name, images.shape[1:], image_shape)
    if images.dtype.kind not in "iu" or images.min() < 0 or images.max() > _WHITE:
        raise PictureError(f"{name}: expected {expected}, received other values")
    return images.astype(np.uint8)


def check_shape(name: str, shape: tuple[int, ...], image_shape: tuple[int, ...]) -> None:
    """Checks that images have the size that the model takes.

    Raises:
      PictureError: They have not.
    """
    if shape != image_shape:
        raise PictureError(
            f"{name}: expected images of {describe_size(image_shape)}, as the model takes them, "
            f"received shape {list(shape)}"
        )


def _describe(error: Exception, content: bytes) -> str:
    """Returns what the content is instead."""
    if isinstance(error, RecursionError):
        return "lists in lists too deep to read"
    if isinstance(error, UnicodeDecodeError):
        return f"bytes that are no text: {error.reason} at {error.start}"
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON: {error}" if content.strip() else "nothing"
    return str(error)


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
