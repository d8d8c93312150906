"""What is taken of a picture, and which are refused because not all of it could be."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from components.data_sets.errors import DataSetError
from components.data_sets.pictures import read_picture
from modules.data_spec import DataSpec

_COLOUR = DataSpec(height=20, width=24, channels=3)
_GREY = DataSpec(height=20, width=24)
_PIXELS = np.arange(20 * 24 * 3, dtype=np.uint16).astype(np.uint8).reshape(20, 24, 3)
_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.fromarray(_PIXELS).save(path)
    return path


def _write_16_bits(path: Path, channels: int) -> None:
    """Writes an opaque PNG of 16 bits, which Pillow cannot where there is colour or alpha."""
    pixels = np.full((20, 24, channels), 0xFFFF, ">u2")
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    header = struct.pack(">IIBBBBB", 24, 20, 16, _TYPES[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
            for kind, content in chunks
        )
    )


def _damage(path: Path, kind: str) -> None:
    if kind == "cut short":
        path.write_bytes(path.read_bytes()[:-200])
    elif kind == "another format":
        Image.fromarray(_PIXELS).save(path, format="BMP")
    elif kind == "turned":
        Image.fromarray(_PIXELS.swapaxes(0, 1)).save(path)
    else:
        Image.fromarray(np.dstack([_PIXELS, np.zeros_like(_PIXELS[..., :1])])).save(path)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("cut short", r"expected a whole PNG or JPEG"),
        ("another format", r"expected a whole PNG or JPEG"),
        ("turned", r"expected a picture of 20x24 pixels \(height x width\), received 24x20"),
        ("seen through", r"expected a picture without transparent pixels"),
    ],
)
def test_a_picture_that_cannot_be_taken_as_it_is_is_refused(path: Path, kind: str, message: str):
    _damage(path, kind)

    with pytest.raises(DataSetError, match=message) as error:
        read_picture(str(path), _COLOUR)

    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("data", [_GREY, _COLOUR], ids=["grey", "colour"])
def test_16_bits_are_refused_and_not_cut_off(path: Path, channels: int, data: DataSpec):
    _write_16_bits(path, channels)

    with pytest.raises(
        DataSetError, match="expected a picture with 8 bits in a channel, received one with 16"
    ):
        read_picture(str(path), data)


def test_an_opaque_fourth_channel_is_left_out(path: Path):
    Image.open(path).convert("RGBA").save(path)

    np.testing.assert_array_equal(read_picture(str(path), _COLOUR), _PIXELS)


def test_a_grey_model_takes_no_colour_but_channels_that_are_equal(path: Path):
    with pytest.raises(DataSetError, match=r"expected a grey picture, .* Set data\.channels=3"):
        read_picture(str(path), _GREY)
    grey = _PIXELS[..., 0]
    Image.fromarray(np.dstack([grey, grey, grey])).save(path)

    np.testing.assert_array_equal(read_picture(str(path), _GREY), grey)


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_picture_is_turned_the_way_up_that_it_was_taken(tmp_path: Path, ending: str):
    path = tmp_path / f"picture.{ending}"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    upright = np.zeros((20, 24), np.uint8)
    upright[:8] = 255
    Image.fromarray(np.rot90(upright)).save(path, exif=exif)

    read = read_picture(str(path), _GREY)

    np.testing.assert_allclose(read.astype(int), upright, atol=8)
