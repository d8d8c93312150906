"""The images that `tfx-mnist predict` is to ask about, from wherever they are."""

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from components.idx_files.idx import (
    IMAGES_MAGIC,
    IMAGES_WITH_CHANNELS_MAGIC,
    IdxError,
    IdxReader,
)
from runners.commands.named_files import describe, make_visible, open_file
from runners.commands.quiet import quiet_stderr
from serving.client.json_images import check_shape, parse_images
from serving.client.pictures.digit import read_digit
from serving.client.pictures.errors import PictureError
from serving.client.pictures.plain import read_plainly

STDIN = "-"
"""In place of a picture: JSON from stdin."""

Images = npt.NDArray[np.uint8]
Shape = tuple[int, ...]

_GREY_RANK = 2


class Rows(NamedTuple):
    """Rows of an IDX file, from 0.

    Attributes:
      first: The first one.
      last: The one after the last, None for all to the end.
    """

    first: int
    last: int | None


class AskedImage(NamedTuple):
    """An image, uint8 of the shape that the model takes, and where it came from."""

    name: str
    image: Images


class Taken(NamedTuple):
    """What the model takes, and how a picture becomes that.

    Attributes:
      image_shape: Height and width, and 3 of images in colour.
      finds_ink: Whether ink is found in a picture, and made into a digit as MNIST has them.
      raw: Else, whether a picture of any other size is refused.
    """

    image_shape: Shape
    finds_ink: bool = False
    raw: bool = False


def read_images(
    pictures: Sequence[str], idx: str | None, rows: Rows, taken: Taken
) -> tuple[list[AskedImage], list[str]]:
    """Returns the images, and one line for each source that can't be read.

    Args:
      pictures: Files, or STDIN.
      idx: An IDX file, None for none.
      rows: Which rows of it.
      taken: What the images are to be.
    """
    shape = taken.image_shape
    sources = [
        _read_stdin(shape) if name == STDIN else _read_picture(name, taken) for name in pictures
    ]
    if idx is not None:
        sources.append(_read_idx(idx, rows, shape))
    images, errors = [], []
    for source in sources:
        try:
            images += list(source)
        except (IdxError, PictureError) as error:
            errors.append(str(error))
    return images, errors


def _read_picture(path: str, taken: Taken) -> Iterator[AskedImage]:
    name = make_visible(path)
    with open_file(path) as stream, quiet_stderr():  # libtiff, say, writes there by itself
        if taken.finds_ink:
            image = read_digit(stream, name)
        else:
            image = read_plainly(stream, name, taken.image_shape, raw=taken.raw)
    yield AskedImage(path, image)


def _read_stdin(shape: Shape) -> Iterator[AskedImage]:
    try:
        content = sys.stdin.buffer.read() if sys.stdin else b""
    except OSError as error:
        raise PictureError(f"stdin: expected JSON, received {describe(error)}") from error
    for number, image in enumerate(parse_images(content, "stdin", shape)):
        yield AskedImage(f"stdin image {number}", image)


def _read_idx(path: str, rows: Rows, shape: Shape) -> Iterator[AskedImage]:
    name = make_visible(path)
    is_grey = len(shape) == _GREY_RANK
    with open_file(path) as stream:
        reader = IdxReader(
            stream, name, magic=IMAGES_MAGIC if is_grey else IMAGES_WITH_CHANNELS_MAGIC
        )
        check_shape(name, reader.row_shape, shape)
        if rows.first >= reader.num_rows:
            raise PictureError(f"{name}: row {rows.first} is asked for, of {reader.num_rows}")
        last = reader.num_rows if rows.last is None else min(rows.last, reader.num_rows)
        reader.check_length()
        reader.seek_row(rows.first)
        images = reader.read_rows(last - rows.first)
        if last == reader.num_rows:
            reader.check_end()
    for row, image in enumerate(images, rows.first):
        yield AskedImage(f"{path.rpartition('/')[2]} row {row}", image)
