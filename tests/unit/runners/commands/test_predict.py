"""`tfx-mnist predict` as far as it comes without a server."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw

from runners.commands.asked_images import Rows, read_images
from runners.commands.predict import predict
from support.programs import PREDICT

_NO_SERVER = ("--url", "http://127.0.0.1:9")


@pytest.fixture
def seven(tmp_path: Path) -> str:
    picture = Image.new("L", (120, 100), 255)
    ImageDraw.Draw(picture).line([(40, 20), (80, 20), (55, 80)], fill=0, width=8)
    path = tmp_path / "seven.png"
    picture.save(path)
    return str(path)


@pytest.fixture
def idx(tmp_path: Path) -> str:
    """An IDX file of 12 images, each filled with its number."""
    path = tmp_path / "images.gz"
    header = np.array([0x803, 12, 28, 28], ">u4").tobytes()
    path.write_bytes(gzip.compress(header + np.arange(12, dtype=np.uint8).repeat(784).tobytes()))
    return str(path)


def test_unreadable_pictures_leave_the_others(seven: str, idx: str, tmp_path: Path):
    missing, folder = str(tmp_path / "nope.png"), str(tmp_path)
    images, errors = read_images([missing, seven, folder], idx, Rows(0, 2), raw=False)
    assert [image.name for image in images] == [seven, "images.gz row 0", "images.gz row 1"]
    assert len(errors) == 2
    assert errors[0].startswith(f"{missing}: expected a file, received nothing: there is no such")
    assert errors[1] == f"{folder}: expected a file, received a folder"


def test_unreadable_idx_file_leaves_the_pictures(seven: str):
    images, errors = read_images([seven], seven, Rows(0, 2), raw=False)
    assert [image.name for image in images] == [seven]
    assert len(errors) == 1
    assert errors[0].startswith(f"{seven}: ")


@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_a_header_that_announces_more_than_there_is_memory_leaves_the_pictures(
    name: str, seven: str, tmp_path: Path
):
    content = np.array([0x803, 4_000_000_000, 28, 28], ">u4").tobytes() + bytes(3 * 784)
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if path.suffix else content)

    images, errors = read_images([seven], str(path), Rows(1, None), raw=False)

    assert [image.name for image in images] == [seven]
    [error] = errors
    assert error.startswith(f"{path}: expected 3,136,000,000,016 bytes")


def test_rows_to_the_end_of_a_compressed_file_are_held_to_its_checksum(idx: str):
    content = bytearray(Path(idx).read_bytes())
    content[-6] ^= 1  # of the checksum
    Path(idx).write_bytes(content)

    images, errors = read_images([], idx, Rows(5, None), raw=False)

    assert images == []
    assert "bytes that do not decompress (CRC check failed" in errors[0]


@pytest.mark.parametrize("compression", ["group4", "tiff_lzw"])
def test_a_damaged_tiff_is_one_line_whatever_its_library_says(compression: str, tmp_path: Path):
    noise = np.random.default_rng(1).integers(0, 2, (90, 90), np.uint8) * 255
    path = tmp_path / "damaged.tif"
    Image.fromarray(noise).convert("1").save(path, "TIFF", compression=compression)
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(range(60))
    path.write_bytes(content)

    answer = subprocess.run(
        [sys.executable, "-c", PREDICT, str(path), *_NO_SERVER],
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 1
    [line] = answer.stderr.splitlines()
    assert line.startswith("Error: ")


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_nothing_is_asked_if_nothing_can_be_read(tmp_path: Path, arguments: tuple[str, ...]):
    names = [str(tmp_path / "a.png"), str(tmp_path / "b.png")]
    answer = CliRunner().invoke(predict, [*names, *_NO_SERVER, *arguments])
    assert answer.exit_code == 1
    assert [line.split(":")[1].strip() for line in answer.stderr.splitlines()] == names
    assert answer.stdout == ("[]\n" if arguments else "")


@pytest.mark.parametrize(
    ("rows", "first", "last"),
    [("5:", 5, 12), (":5", 0, 5), ("7", 7, 8), ("3:6", 3, 6), ("0:99", 0, 12)],
)
def test_rows_are_a_range_or_one(idx: str, rows: str, first: int, last: int):
    options = predict.make_context("predict", ["--idx", idx, "--rows", rows]).params
    images, errors = read_images((), options["idx"], options["rows"], raw=False)
    assert [image.image[0, 0] for image in images] == list(range(first, last))
    assert errors == []


@pytest.mark.parametrize(
    "rows", ["", ":", "5:5", "8:2", "-1", "-3:", "1:2:3", "a:b", "5: ", "\u0663", "1_0", "9" * 23]
)
def test_rows_that_are_none_are_refused_with_what_they_could_be(idx: str, rows: str):
    answer = CliRunner().invoke(predict, ["--idx", idx, "--rows", rows])
    assert answer.exit_code == 2
    assert "expected a range such as 0:10 (LAST is not included), 5: to the end" in answer.stderr


def test_row_beyond_the_end_is_an_error(idx: str):
    answer = CliRunner().invoke(predict, ["--idx", idx, "--rows", "12:"])
    assert answer.exit_code == 1
    assert answer.stderr == f"Error: {idx}: row 12 is asked for, of 12\n"


def test_json_that_is_too_deep_is_one_line():
    answer = CliRunner().invoke(predict, ["-"], input="[" * 100_000)
    assert answer.exit_code == 1
    assert answer.stderr.count("\n") == 1
    assert "lists in lists too deep to read" in answer.stderr


def test_raw_pictures_have_the_models_size(seven: str):
    answer = CliRunner().invoke(predict, [seven, "--raw", "--json"])
    assert answer.exit_code == 1
    assert json.loads(answer.stdout) == []
    assert "expected 28 x 28 pixels, which --raw asks for, received 120 x 100" in answer.stderr
