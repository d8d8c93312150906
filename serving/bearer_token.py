"""The bearer token that a server asks for, as a file holds it (standard library only)."""

import codecs
import re
from pathlib import Path

# What a header and gRPC's metadata can carry.
_TOKEN = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")


class TokenError(ValueError):
    """There is no token, or none that can be sent; the message never shows it."""


def read_token(path: Path) -> str:
    """Returns the token in a file, without the blanks, line ends and byte order mark around it.

    Raises:
      TokenError: The file can't be read, or holds nothing that can be sent.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TokenError(
            f"{path} can't be read: {error.strerror}. Name a file that holds the token alone."
        ) from error
    token = content.removeprefix(codecs.BOM_UTF8).strip().decode("latin-1")
    try:
        check_token(token)
    except TokenError as error:
        raise TokenError(f"{path}: {error}") from error
    return token


def check_token(token: str) -> None:
    """Raises a TokenError if a token can't be sent."""
    if not _TOKEN.fullmatch(token):
        raise TokenError(
            "expected a token, one line of ASCII characters, received "
            f"{_describe(token)}. Write the token alone, as plain text."
        )


def _describe(token: str) -> str:
    if not token.strip():
        return "nothing: it is empty"
    if "\0" in token:
        return "NUL bytes, as in UTF-16"
    if len(lines := token.splitlines()) > 1:
        return f"{len(lines)} lines"
    return "other characters"
