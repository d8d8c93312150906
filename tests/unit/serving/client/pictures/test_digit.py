"""Pictures of digits, drawn by the tests."""

import gzip
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from serving.client.digit_image import centre
from serving.client.pictures.digit import read_digit
from serving.client.pictures.errors import PictureError
from serving.client.pictures.plain import read_plainly
from support.project import MNIST_FOLDER


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
    return read_digit(io.BytesIO(encode(picture, form, **arguments)), "seven").astype(int)


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


def test_image_of_the_models_size_is_taken_as_it_is():
    pixels = np.random.default_rng(1).integers(0, 256, (28, 28)).astype(np.uint8)
    pixels[0, 0] = 127
    assert (read(Image.fromarray(pixels)) == pixels).all()


def test_scribble_on_light_paper_of_the_models_size_is_read_as_a_picture():
    scribble = draw_seven().crop((10, 20, 130, 140)).resize((28, 28), Image.Resampling.BOX)
    pixels = np.asarray(scribble).astype(np.uint8)
    digit = read(scribble)
    assert digit[0].max() == 0
    assert np.corrcoef(digit.ravel(), read(draw_seven()).ravel())[0, 1] > 0.9
    raw = read_plainly(io.BytesIO(encode(scribble)), "seven", (28, 28), raw=True)
    assert (raw == pixels).all()


@pytest.mark.parametrize("size", [(6, 900), (900, 6), (30, 90)])
def test_single_stroke_of_any_proportion_is_read(size: tuple[int, int]):
    picture = Image.new("L", (1000, 1000), 255)
    picture.paste(0, (50, 50, 50 + size[0], 50 + size[1]))
    digit = read(picture)
    assert digit.max() == 255
    assert np.count_nonzero(digit.any(axis=0 if size[0] > size[1] else 1)) == 20


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "received a file that is empty"),
        (b"\x89PNG\r\n\x1a\nrubbish", "seven: "),
        (encode(draw_seven())[:200], "can't be read: "),
        (
            encode(Image.new("L", (50, 40), 200)),
            "of 50 x 40 pixels with no clear ink: it is in one colour",
        ),
        (encode(Image.new("1", (20_000, 20_000))), "expected at most 50,000,000 pixels"),
    ],
    ids=["empty", "no picture", "cut off", "one colour", "too large"],
)
def test_file_without_a_digit_says_what_it_holds(content: bytes, message: str):
    with pytest.raises(PictureError) as error:
        read_digit(io.BytesIO(content), "seven")
    assert str(error.value).startswith("seven: ")
    assert message in str(error.value)


def test_ink_as_dark_as_its_paper_is_found_by_its_colour():
    picture = draw_seven(mode="RGB", ink=(200, 40, 60), paper=(30, 130, 60))
    assert np.ptp(np.asarray(picture.convert("L"))) < 30
    assert np.abs(read(picture) - read(draw_seven())).mean() < 4


@pytest.mark.parametrize(
    ("kind", "most"),
    [(np.uint16, 255), (np.uint16, 4095), (np.uint16, 65535), (np.int32, 65535), (np.float32, 1)],
)
def test_a_picture_of_the_models_size_is_not_stretched_whatever_its_depth(kind: Any, most: float):
    shares = np.linspace(0, 0.7, 784).reshape(28, 28)
    picture = Image.fromarray((shares * most).astype(kind))

    digit = read(picture, "TIFF")

    assert np.abs(digit - shares * 255).max() <= 1


@pytest.mark.parametrize("scale", [2, 8])
@pytest.mark.parametrize("inversion", [0, 255])
def test_a_digit_that_was_cropped_to_its_strokes_is_read_as_with_paper_around(
    scale: int, inversion: int
):
    with gzip.open(MNIST_FOLDER / "t10k-images-idx3-ubyte.gz") as file:
        digits = np.frombuffer(file.read(16 + 40 * 784)[16:], np.uint8).reshape(40, 28, 28)
    for image in digits:
        rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
        strokes = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        if strokes.shape[1] < 10:  # a one has hardly any paper beside it
            continue
        picture = Image.fromarray(strokes)
        picture = picture.resize((picture.width * scale, picture.height * scale))
        expected = centre(np.asarray(picture, float))
        seen = read(picture.point(lambda level: level ^ inversion))
        assert np.abs(seen - expected.astype(int)).mean() < 16
