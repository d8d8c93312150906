"""Pictures of digits, drawn by the tests."""

import io
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from serving.client.digit_image import PictureError, read_digit


def draw_seven(
    size: tuple[int, int] = (300, 200), *, ink: Any = 0, paper: Any = 255, mode: str = "L"
) -> Image.Image:
    """A seven, 60 high and 40 wide, left of the middle."""
    picture = Image.new(mode, size, paper)
    pen = ImageDraw.Draw(picture)
    pen.line([(40, 50), (80, 50), (55, 110)], fill=ink, width=8, joint="curve")
    return picture


def encode(picture: Image.Image, form: str = "PNG", **arguments: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, form, **arguments)
    return content.getvalue()


def read(picture: Image.Image, form: str = "PNG", **arguments: Any) -> Any:
    return read_digit(encode(picture, form, **arguments), "seven").astype(int)


def test_digit_fits_a_box_of_20_and_its_mass_is_in_the_middle():
    digit = read(draw_seven())
    assert digit.shape == (28, 28)
    rows, columns = np.nonzero(digit)
    assert np.ptp(rows) + 1 == 20
    assert np.ptp(columns) + 1 < 20
    assert digit.max() == 255
    for axis, size in ((1, 28), (0, 28)):
        ink = digit.sum(axis=axis)
        assert abs((ink * np.arange(size)).sum() / ink.sum() - 13.5) <= 0.5


def test_dark_on_light_and_light_on_dark_are_the_same_digit():
    assert (read(draw_seven()) == read(draw_seven(ink=255, paper=0))).all()


@pytest.mark.parametrize(
    "picture",
    [
        draw_seven(mode="RGB", ink=(10, 20, 60), paper=(250, 250, 245)),
        draw_seven(mode="RGBA", ink=(0, 0, 0, 255), paper=(0, 0, 0, 0)),
        draw_seven(mode="RGBA", ink=(255, 255, 255, 255), paper=(0, 0, 0, 0)),
        draw_seven(mode="1", ink=0, paper=1),
        draw_seven().convert("P"),
        draw_seven().resize((900, 600)),
        Image.fromarray(np.asarray(draw_seven(ink=30)).astype(np.uint16) * 257),
    ],
    ids=[
        "colour",
        "transparent paper",
        "white ink on nothing",
        "one bit",
        "palette",
        "large",
        "16 bits",
    ],
)
def test_digit_is_the_same_in_every_kind_of_picture(picture: Image.Image):
    difference = np.abs(read(picture) - read(draw_seven()))
    assert difference.mean() < 4


def test_noise_of_jpeg_and_paper_is_not_taken_for_ink():
    noise = np.random.default_rng(1).normal(0, 6, (200, 300))
    paper = np.clip(np.asarray(draw_seven(paper=235, ink=30), float) + noise, 0, 255)
    digit = read(Image.fromarray(paper.astype(np.uint8)), "JPEG", quality=60)
    assert np.abs(digit - read(draw_seven())).mean() < 8


def test_turned_photo_is_turned_back():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held so that the picture must be turned right by 90 degrees
    turned = draw_seven().rotate(90, expand=True)
    assert (read(turned, "PNG", exif=exif) == read(draw_seven())).all()


def test_image_of_mnist_is_taken_as_it_is():
    pixels = np.zeros((28, 28), np.uint8)
    pixels[4:24, 10:13] = 180
    assert (read(Image.fromarray(pixels)) == pixels).all()


@pytest.mark.parametrize("size", [(1, 1), (2, 900), (900, 2)])
def test_single_stroke_of_any_proportion_is_read(size: tuple[int, int]):
    picture = Image.new("L", (1000, 1000), 255)
    picture.paste(0, (50, 50, 50 + size[0], 50 + size[1]))
    digit = read(picture)
    assert digit.max() == 255
    assert math.isclose(np.count_nonzero(digit.any(axis=0 if size[0] > size[1] else 1)), 20)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "received another file"),
        (b"\x89PNG\r\n\x1a\nrubbish", "seven: "),
        (encode(draw_seven())[:200], "can't be read"),
        (
            encode(Image.new("L", (50, 40), 200)),
            "of 50 x 40 pixels in one colour",
        ),
        (encode(Image.new("1", (20_000, 20_000))), "can't be read"),
    ],
    ids=["empty", "no picture", "cut off", "one colour", "too large"],
)
def test_file_without_a_digit_says_what_it_holds(content: bytes, message: str):
    with pytest.raises(PictureError) as error:
        read_digit(content, "seven")
    assert str(error.value).startswith("seven: ")
    assert message in str(error.value)
