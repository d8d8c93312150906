"""Pictures for models of anything but signs: all of the picture, in the model's size."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from serving.client.pictures.errors import PictureError
from serving.client.pictures.plain import read_plainly


def encode(picture: Image.Image, form: str = "PNG", **arguments: Any) -> io.BytesIO:
    content = io.BytesIO()
    picture.save(content, form, **arguments)
    content.seek(0)
    return content


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3)], ids=["grey", "colour"])
def test_a_picture_of_the_models_size_is_taken_to_the_last_bit(shape: tuple[int, ...]):
    pixels = noise(*shape)

    read = read_plainly(encode(Image.fromarray(pixels)), "noise", shape)

    assert (read == pixels).all()


def test_light_paper_stays_light():
    pixels = np.full((28, 28), 240, np.uint8)

    assert (read_plainly(encode(Image.fromarray(pixels)), "paper", (28, 28)) == pixels).all()


def test_a_grey_picture_for_a_model_of_colours_has_three_equal_ones():
    pixels = noise(20, 30)

    read = read_plainly(encode(Image.fromarray(pixels)), "noise", (20, 30, 3))

    assert (read == pixels[..., np.newaxis]).all()


def test_colours_become_grey_for_a_model_of_grey_pictures():
    read = read_plainly(encode(Image.new("RGB", (60, 40), (255, 0, 0))), "red", (20, 30))

    assert read.shape == (20, 30)
    assert set(read.ravel()) == {76}


def test_a_photograph_is_turned_the_way_up_that_it_was_taken():
    upright = Image.new("RGB", (30, 60), (0, 0, 255))
    upright.paste((255, 0, 0), (0, 0, 30, 30))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned
    lying = upright.transpose(Image.Transpose.ROTATE_90)

    read = read_plainly(encode(lying, exif=exif), "photograph", (6, 3, 3))

    assert np.abs(read[0] - np.array([255, 0, 0])).max() <= 2
    assert np.abs(read[-1] - np.array([0, 0, 255])).max() <= 2


def test_raw_takes_no_other_size_and_says_both_width_first():
    with pytest.raises(PictureError) as error:
        read_plainly(encode(Image.new("L", (300, 200))), "large", (20, 30), raw=True)

    assert str(error.value) == (
        "large: expected 30 x 20 pixels, which --raw asks for, received 300 x 200; without --raw, "
        "it is scaled"
    )
