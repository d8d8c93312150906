"""JSON that other programs write."""

import json
from typing import Any

import numpy as np
import pytest

from serving.client.json_images import parse_images
from serving.client.pictures.errors import PictureError

_IMAGE = [[row * 9 + column % 9 for column in range(28)] for row in range(28)]


def _filled(value: Any) -> bytes:
    return json.dumps([[[value] * 28] * 28]).encode()


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([_IMAGE, _IMAGE]).encode(),
        json.dumps({"instances": [_IMAGE, _IMAGE]}).encode(),
        json.dumps([_IMAGE, _IMAGE]).encode("utf-8-sig"),
        json.dumps([_IMAGE, _IMAGE]).encode("utf-16"),
    ],
    ids=["list", "object", "byte order mark", "UTF-16"],
)
def test_images_are_read(content: bytes):
    assert (parse_images(content, "stdin", (28, 28)) == np.array([_IMAGE, _IMAGE])).all()


@pytest.mark.parametrize(
    ("content", "received"),
    [
        (b"", "received nothing"),
        (b" \n", "received nothing"),
        (b"[" * 100_000, "lists in lists too deep"),
        (b'{"a":' * 100_000, "lists in lists too deep"),
        (b"[" * 70 + b"1" + b"]" * 70, "received lists of unequal lengths or depths"),
        (b"[[1, 2], [3]]", "received lists of unequal lengths or depths"),
        (b"nul", "received no JSON: Expecting value"),
        (b"[1] [2]", "received no JSON: Extra data"),
        (b"[NaN]", "received NaN, which is no number"),
        (b"[-Infinity]", "received -Infinity, which is no number"),
        (b"[\xff]", "bytes that are no text"),
        (b"\xff\xfe[", "bytes that are no text"),
        (b"[]", "received an empty list"),
        (b"[[]]", "received shape [0]"),
        (b"7", "received 7 in its place"),
        (b"null", "received null in its place"),
        (b"{}", 'an object without "instances"'),
        (b'{"instances": {"b64": ""}}', "in its place"),
        (b"[1e999]", "received shape []"),
        (
            json.dumps(_IMAGE).encode(),
            "expected images of 28 x 28 pixels, as the model takes them, received shape [28]",
        ),
        (_filled(256), "received other values"),
        (_filled(-1), "received other values"),
        (_filled(0.5), "received other values"),
        (_filled(True), "received other values"),
        (_filled("7"), "received other values"),
        (_filled(None), "received other values"),
        (b"[[" + b",".join([b"[" + b",".join([b"9" * 5000] * 28) + b"]"] * 28) + b"]]", "other"),
    ],
    ids=range(27),
)
def test_anything_else_is_one_line_that_says_what_it_is(content: bytes, received: str):
    with pytest.raises(PictureError) as error:
        parse_images(content, "stdin", (28, 28))
    assert str(error.value).startswith("stdin: expected ")
    assert received in str(error.value)
    assert "\n" not in str(error.value)


def test_images_of_any_size_and_in_colour_are_read_for_a_model_that_takes_them():
    images = np.arange(2 * 3 * 5 * 3).reshape(2, 3, 5, 3)

    assert (parse_images(json.dumps(images.tolist()).encode(), "stdin", (3, 5, 3)) == images).all()


def test_images_of_another_size_are_refused_with_the_models():
    with pytest.raises(PictureError, match=r"expected images of 3 x 5 pixels in 3 colours, .*\[28"):
        parse_images(json.dumps([_IMAGE]).encode(), "stdin", (3, 5, 3))
    with pytest.raises(PictureError, match="each 3 lists of 5 lists of 3 whole numbers"):
        parse_images(b"{}", "stdin", (3, 5, 3))
