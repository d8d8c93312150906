"""What a file of a bearer token may hold, for servers and clients alike."""

from pathlib import Path

import pytest

from serving.bearer_token import TokenError, read_token
from serving.errors import ServingError
from serving.options import read_bearer_token


@pytest.mark.parametrize(
    "content",
    [b"secret", b"secret\n", b" secret\r\n", b"\xef\xbb\xbfsecret\r\n"],
    ids=["alone", "line", "Windows line", "byte order mark"],
)
def test_a_token_is_read_without_what_editors_put_around_it(content: bytes, tmp_path: Path):
    file = tmp_path / "token"
    file.write_bytes(content)

    assert read_token(file) == read_bearer_token(file) == "secret"


@pytest.mark.parametrize(
    ("content", "received"),
    [
        (b"", "nothing"),
        (b"\xef\xbb\xbf \n", "nothing"),
        (b"first\nsecond", "2 lines"),
        (b"first\r\n\r\nsecond", "3 lines"),
        ("schlüssel".encode(), "other characters"),
        (b"sec\x1bret", "other characters"),
        ("secret".encode("utf-16"), "NUL bytes, as in UTF-16"),
        (b"\xff\xfe\xfd", "other characters"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_never_shown(
    content: bytes, received: str, tmp_path: Path
):
    file = tmp_path / "token"
    file.write_bytes(content)

    with pytest.raises(
        TokenError, match=f"{file}: expected a token, .* received {received}"
    ) as hit:
        read_token(file)

    assert "sec" not in str(hit.value).replace(str(file), "")
    with pytest.raises(ServingError, match=r"bearer_token_file: .*token: expected a token"):
        read_bearer_token(file)


@pytest.mark.parametrize(("name", "reason"), [("none", "No such file"), ("", "Is a directory")])
def test_what_is_no_file_is_named(name: str, reason: str, tmp_path: Path):
    with pytest.raises(TokenError, match=f"{tmp_path / name} can't be read: {reason}"):
        read_token(tmp_path / name)
