"""Reads base64 as TF Serving does (absl::Base64Unescape)."""

import binascii
import re

from serving.errors import invalid_argument

_WHITE_SPACE = str.maketrans("", "", " \t\n\v\f\r")
_DIGITS_AND_PADDING = re.compile(r"([A-Za-z0-9+/]*)([=.]*)")


def decode_base64_text(text: str) -> bytes:
    """Returns the bytes that a text stands for.

    White space may be anywhere. The padding, of "=" or ".", may be missing, but not be wrong.

    Raises:
      ServingError: The text is no base64.
    """
    match = _DIGITS_AND_PADDING.fullmatch(text.translate(_WHITE_SPACE))
    if match is None:
        raise invalid_argument("Unable to base64 decode")
    digits, padding = match.groups()
    missing = -len(digits) % 4
    if len(digits) % 4 == 1 or len(padding) not in (0, missing):
        raise invalid_argument("Unable to base64 decode")
    return binascii.a2b_base64(digits + "=" * missing)
