"""Base64 as absl::Base64Unescape takes it."""

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from serving.errors import ServingError
from serving.json_messages.base64_text import decode_base64_text

WHITE_SPACE = " \t\n\v\f\r"


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("", b""),
        (" \n", b""),
        ("YW4=", b"an"),
        ("YW4", b"an"),
        ("YW4.", b"an"),
        ("YQ=.", b"a"),
        ("Y Q\n= \t=\v\f\r", b"a"),
        ("YR==", b"a"),
    ],
)
def test_white_space_and_either_padding_or_none_are_taken(text: str, content: bytes):
    assert decode_base64_text(text) == content


@pytest.mark.parametrize(
    "text",
    ["YW5u=", "YW4==", "YQ=", "YQ===", "=", "..", "Y", "YW5uY", "YQ==YQ==", "-_-_", "YQ\xa0", "é"],
)
def test_surplus_padding_and_other_characters_are_refused(text: str):
    with pytest.raises(ServingError, match="Unable to base64 decode"):
        decode_base64_text(text)


@given(st.binary(), st.sampled_from(["=", ".", ""]), st.text(WHITE_SPACE, min_size=1, max_size=2))
@example(b"\xff" * 90, "=", "\n")
def test_what_was_encoded_is_decoded(content: bytes, padding: str, space: str):
    text = base64.b64encode(content).decode().replace("=", padding)
    assert decode_base64_text(text) == content
    assert decode_base64_text(space + space.join(text) + space) == content
    assert decode_base64_text(base64.encodebytes(content).decode()) == content
