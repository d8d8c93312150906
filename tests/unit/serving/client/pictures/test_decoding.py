"""Picture files of every kind, whole and damaged, made by the tests."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from serving.client.pictures.decoding import decode
from serving.client.pictures.errors import PictureError

_ORIENTATION = 0x0112
_FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM", "JPEG2000")


def draw_corner() -> Image.Image:
    """A picture that looks otherwise whichever way it is turned or mirrored."""
    picture = Image.new("L", (40, 24), 255)
    ImageDraw.Draw(picture).line([(4, 4), (30, 4), (30, 18)], fill=0, width=4)
    return picture


def encode(picture: Image.Image, form: str = "PNG", **arguments: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, form, **arguments)
    return content.getvalue()


def levels(content: bytes) -> Any:
    return np.asarray(decode(io.BytesIO(content), "corner").convert("L")).astype(int)


def make_exif(tag: int, kind: int, count: int, value: bytes) -> bytes:
    """EXIF that says to turn the picture right by 90 degrees, and one thing more."""
    orientation = struct.pack("<HHIHH", _ORIENTATION, 3, 1, 6, 0)
    entries = sorted([orientation, struct.pack("<HHI4s", tag, kind, count, value)])
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2) + b"".join(entries) + bytes(4 + 16)


@pytest.mark.parametrize("form", _FORMATS)
def test_formats_that_people_use_are_read(form: str):
    assert np.abs(levels(encode(draw_corner(), form)) - np.asarray(draw_corner())).mean() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_picture_is_turned_as_the_camera_was_held(orientation: int):
    undo = [
        None,
        Image.Transpose.FLIP_LEFT_RIGHT,
        Image.Transpose.ROTATE_180,
        Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.TRANSPOSE,
        Image.Transpose.ROTATE_90,
        Image.Transpose.TRANSVERSE,
        Image.Transpose.ROTATE_270,
    ][orientation - 1]
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    taken = draw_corner() if undo is None else draw_corner().transpose(undo)
    assert (levels(encode(taken, exif=exif)) == np.asarray(draw_corner())).all()


@pytest.mark.parametrize(
    ("tag", "kind", "count", "value"),
    [
        (0x011A, 10, 1, b"\x1a\0\0\0"),
        (0x011A, 5, 1, b"\xff\xff\xff\xff"),
        (0x0131, 12, 1, b"\x08\0\0\0"),
        (0x8769, 2, 4, b"abcd"),
        (0x8769, 4, 1, b"\xff\xff\xff\xff"),
        (0x9C9B, 99, 3, b"\1\2\3\4"),
    ],
)
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_odd_exif_keeps_nobody_from_reading_the_pixels(
    form: str, tag: int, kind: int, count: int, value: bytes
):
    exif = make_exif(tag, kind, count, value)
    seen = levels(encode(draw_corner(), form, exif=exif))
    upright = np.asarray(draw_corner().transpose(Image.Transpose.ROTATE_270)).astype(int)
    assert seen.shape == upright.shape
    assert np.abs(seen - upright).mean() < 12


def test_exif_of_random_bytes_keeps_nobody_from_reading_the_pixels():
    rng = np.random.default_rng(1)
    for _ in range(300):
        exif = make_exif(int(rng.integers(65536)), int(rng.integers(14)), 1, rng.bytes(4))
        content = bytearray(encode(draw_corner(), "PNG", exif=exif[:-20] + rng.bytes(20)))
        assert sorted(levels(bytes(content)).shape) == [24, 40]


def test_no_orientation_but_a_number_turns_a_picture():
    exif = b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHI4s", _ORIENTATION, 2, 2, b"6\0\0\0")
    assert levels(encode(draw_corner(), exif=exif + bytes(4))).shape == (24, 40)


@pytest.mark.parametrize("form", _FORMATS)
def test_damaged_file_is_read_or_refused_in_one_line(form: str, capfd: pytest.CaptureFixture[str]):
    rng = np.random.default_rng(2)
    whole = encode(draw_corner(), form)
    messages = []
    for _ in range(150):
        damaged = bytearray(whole[: rng.integers(8, len(whole) + 1)])
        for place in rng.integers(0, len(damaged), 4):
            damaged[place] = rng.integers(256)
        try:
            decode(io.BytesIO(bytes(damaged)), "corner")
        except PictureError as error:
            messages.append(str(error))
    assert messages
    assert [text for text in messages if not text.startswith("corner: ") or "\n" in text] == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("form", ["QOI", "DDS", "ICO", "TGA", "EPS"])
def test_format_that_nobody_writes_digits_in_is_no_picture(form: str):
    content = encode(draw_corner().convert("RGB"), form)
    with pytest.raises(
        PictureError, match=r"expected a picture \(PNG, .*received a file that is empty"
    ):
        decode(io.BytesIO(content), "corner")


def _scaled(kind: Any, highest: float, lowest: float = 0.0) -> Image.Image:
    shares = np.asarray(draw_corner()) / 255.0
    return Image.fromarray((lowest + shares * (highest - lowest)).astype(kind))


@pytest.mark.parametrize(
    ("picture", "form"),
    [
        (_scaled(np.uint16, 255), "PNG"),
        (_scaled(np.uint16, 1023), "PNG"),
        (_scaled(np.uint16, 4095), "TIFF"),
        (_scaled(np.uint16, 65535), "PPM"),
        (_scaled(np.float32, 1), "TIFF"),
        (_scaled(np.float32, 65535), "TIFF"),
        (_scaled(np.float32, 1, -1), "TIFF"),
        (_scaled(np.float32, 3e38, -3e38), "TIFF"),
        (_scaled(np.int32, 65535), "TIFF"),
        (_scaled(np.int32, 2**31 - 1, -(2**31)), "TIFF"),
        (draw_corner().convert("1"), "PNG"),
        (draw_corner().convert("1"), "TIFF"),
        (draw_corner().convert("LA"), "PNG"),
        (draw_corner().convert("CMYK"), "TIFF"),
        (draw_corner().convert("P"), "GIF"),
    ],
)
def test_grey_levels_of_any_depth_are_scaled_to_8_bits(picture: Image.Image, form: str):
    assert np.abs(levels(encode(picture, form)) - np.asarray(draw_corner())).max() <= 2


def test_16_bits_of_either_byte_order_are_the_same():
    little = encode(_scaled(np.uint16, 4095), "TIFF")
    big = encode(Image.fromarray(np.asarray(_scaled(np.uint16, 4095)).astype(">u2")), "TIFF")
    assert (levels(little) == levels(big)).all()


def test_what_is_no_number_is_no_ink():
    floats = np.asarray(_scaled(np.float32, 1)).copy()
    floats[0, :3] = np.nan, np.inf, -np.inf
    seen = levels(encode(Image.fromarray(floats), "TIFF"))
    assert (seen[1:] == np.asarray(draw_corner())[1:]).all()
    assert seen[0, 0] == 255
    floats[:] = np.nan
    with pytest.raises(PictureError, match="corner: expected grey levels, received no finite"):
        levels(encode(Image.fromarray(floats), "TIFF"))


def test_transparent_colour_of_a_palette_is_white_paper():
    ink = np.asarray(draw_corner()) == 0
    picture = Image.fromarray(ink.astype(np.uint8), "P")
    picture.putpalette([0, 0, 0, 10, 20, 30])
    seen = levels(encode(picture, "PNG", transparency=0))
    assert seen[0, 0] == 255
    assert seen[5, 10] < 30
