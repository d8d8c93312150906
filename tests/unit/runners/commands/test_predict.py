"""`tfx-mnist predict` as far as it comes with a server that tells of its model only."""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw

from runners.commands.asked_images import Rows, Taken, read_images
from runners.commands.predict import predict
from support.json_server import JsonRequest, serve_json
from support.programs import PREDICT

MNIST = Taken((28, 28), finds_ink=True)
COLOURED = Taken((4, 6, 3))


class ToldModel(NamedTuple):
    """A server that tells of its model, and what it was asked."""

    url: tuple[str, str]
    requests: list[str]


@pytest.fixture
def told_model() -> Iterator[ToldModel]:
    """A model of MNIST as it was before it had names of classes."""
    requests = []
    shape = {"dim": [{"size": size} for size in ("-1", "28", "28")], "unknown_rank": False}
    image = {"dtype": "DT_UINT8", "tensor_shape": shape}
    signatures = {"serve_images": {"inputs": {"images": image}, "outputs": {}}}
    metadata = {"metadata": {"signature_def": {"signature_def": signatures}}}

    def answer(request: JsonRequest) -> tuple[int, Any]:
        requests.append(f"{request.method} {request.path}")
        if request.path.endswith("/metadata"):
            return 200, metadata
        return 200, {"outputs": {"probabilities": [[0.25, 0.75]], "classes": [1]}}

    with serve_json(answer) as url:
        yield ToldModel(("--url", url), requests)


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
    images, errors = read_images([missing, seven, folder], idx, Rows(0, 2), MNIST)
    assert [image.name for image in images] == [seven, "images.gz row 0", "images.gz row 1"]
    assert len(errors) == 2
    assert errors[0].startswith(f"{missing}: expected a file, received nothing: there is no such")
    assert errors[1] == f"{folder}: expected a file, received a folder"


def test_unreadable_idx_file_leaves_the_pictures(seven: str):
    images, errors = read_images([seven], seven, Rows(0, 2), MNIST)
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

    images, errors = read_images([seven], str(path), Rows(1, None), MNIST)

    assert [image.name for image in images] == [seven]
    [error] = errors
    assert error.startswith(f"{path}: expected 3,136,000,000,016 bytes")


def test_rows_to_the_end_of_a_compressed_file_are_held_to_its_checksum(idx: str):
    content = bytearray(Path(idx).read_bytes())
    content[-6] ^= 1  # of the checksum
    Path(idx).write_bytes(content)

    images, errors = read_images([], idx, Rows(5, None), MNIST)

    assert images == []
    assert "bytes that do not decompress (CRC check failed" in errors[0]


@pytest.mark.parametrize("compression", ["group4", "tiff_lzw"])
def test_a_damaged_tiff_is_one_line_at_most_whatever_its_library_says(
    compression: str, tmp_path: Path, told_model: ToldModel
):
    noise = np.random.default_rng(1).integers(0, 2, (90, 90), np.uint8) * 255
    path = tmp_path / "damaged.tif"
    Image.fromarray(noise).convert("1").save(path, "TIFF", compression=compression)
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(range(60))
    path.write_bytes(content)

    answer = subprocess.run(
        [sys.executable, "-c", PREDICT, str(path), *told_model.url],
        capture_output=True,
        text=True,
        check=False,
    )

    # Some damage leaves a picture, of which libtiff complains all the same.
    lines = answer.stderr.splitlines()
    assert [line[:7] for line in lines] == ["Error: "] * answer.returncode


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_nothing_is_predicted_if_nothing_can_be_read(
    tmp_path: Path, told_model: ToldModel, arguments: tuple[str, ...]
):
    names = [str(tmp_path / "a.png"), str(tmp_path / "b.png")]

    answer = CliRunner().invoke(predict, [*names, "--raw", *told_model.url, *arguments])

    assert told_model.requests == ["GET /v1/models/tfx-mnist/metadata"]
    assert answer.exit_code == 1
    assert [line.split(":")[1].strip() for line in answer.stderr.splitlines()] == names
    assert answer.stdout == ("[]\n" if arguments else "")


@pytest.mark.parametrize(
    ("rows", "first", "last"),
    [("5:", 5, 12), (":5", 0, 5), ("7", 7, 8), ("3:6", 3, 6), ("0:99", 0, 12)],
)
def test_rows_are_a_range_or_one(idx: str, rows: str, first: int, last: int):
    options = predict.make_context("predict", ["--idx", idx, "--rows", rows]).params
    images, errors = read_images((), options["idx"], options["rows"], MNIST)
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
    images, errors = read_images((), idx, Rows(12, None), MNIST)
    assert images == []
    assert errors == [f"{idx}: row 12 is asked for, of 12"]


def test_json_that_is_too_deep_is_one_line(told_model: ToldModel):
    answer = CliRunner().invoke(predict, ["-", *told_model.url], input="[" * 100_000)
    assert answer.exit_code == 1
    assert answer.stderr.count("\n") == 1
    assert "lists in lists too deep to read" in answer.stderr


def test_raw_pictures_have_the_models_size(seven: str, told_model: ToldModel):
    answer = CliRunner().invoke(predict, [seven, "--raw", "--json", *told_model.url])
    assert answer.exit_code == 1
    assert json.loads(answer.stdout) == []
    assert "expected 28 x 28 pixels, which --raw asks for, received 120 x 100" in answer.stderr


def test_a_model_without_names_is_answered_with_numbers(seven: str, told_model: ToldModel):
    answer = CliRunner().invoke(predict, [seven, "--json", *told_model.url])

    [entry] = json.loads(answer.stdout)
    assert (entry["class"], entry["class_name"]) == (1, "1")
    assert entry["probabilities"] == [0.25, 0.75]


def test_a_picture_in_colour_is_scaled_as_a_whole_to_what_the_model_takes(tmp_path: Path):
    path = tmp_path / "wide.png"
    picture = Image.new("RGB", (300, 100), (250, 10, 20))
    picture.paste((10, 20, 250), (150, 0, 300, 100))
    picture.save(path)

    [image], errors = read_images([str(path)], None, Rows(0, 1), COLOURED)

    assert errors == []
    assert image.image.shape == (4, 6, 3)
    assert np.abs(image.image[:, 0] - np.array([250, 10, 20])).max() <= 2
    assert np.abs(image.image[:, -1] - np.array([10, 20, 250])).max() <= 2


def test_rows_of_images_in_colour_are_read(tmp_path: Path):
    path = tmp_path / "images"
    images = np.random.default_rng(1).integers(0, 256, (5, 4, 6, 3), np.uint8)
    path.write_bytes(np.array([0x804, 5, 4, 6, 3], ">u4").tobytes() + images.tobytes())

    read, errors = read_images((), str(path), Rows(1, 3), COLOURED)

    assert errors == []
    assert (np.stack([image.image for image in read]) == images[1:3]).all()


def test_rows_of_another_size_are_refused_with_the_models(idx: str, tmp_path: Path):
    small = tmp_path / "small"
    small.write_bytes(np.array([0x803, 1, 2, 2], ">u4").tobytes() + bytes(4))

    [of_small] = read_images((), str(small), Rows(0, 1), MNIST)[1]
    [of_grey] = read_images((), idx, Rows(0, 1), COLOURED)[1]

    assert of_small == (
        f"{small}: expected images of 28 x 28 pixels, as the model takes them, received shape "
        "[2, 2]"
    )
    assert of_grey.endswith(
        "It holds unsigned bytes in 3 dimensions, not unsigned bytes in 4 dimensions: convert it."
    )
