"""Strings, numbers and words of JSON, read as RapidJSON reads them, with its errors.

Those that take a body and where a token begins return its value and where it ends.
"""

import math
import re
from typing import Any

from serving.errors import ServingError, invalid_argument
from serving.json_messages.bounds import STEPS_BETWEEN_LOOKS, UNBOUNDED, Bounds

_PLAIN_TEXT = re.compile(rb'[^"\\\x00-\x1f]*')
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]{4}")
_HIGH_SURROGATES = range(0xD800, 0xDC00)
_LOW_SURROGATES = range(0xDC00, 0xE000)
_ESCAPES = {
    b'"': b'"',
    b"\\": b"\\",
    b"/": b"/",
    b"b": b"\b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
}
_WORDS = {b"t": (b"true", True), b"f": (b"false", False), b"n": (b"null", None)}
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(\.[0-9]*)?(?:[eE][+-]?([0-9]*))?")
_NOT_A_NUMBER = re.compile(rb"-?NaN")
_INFINITY = re.compile(rb"(-?)Inf(?:inity|(?!i))")
# How much of it RapidJSON has read when it sees that it is no number.
_NO_NUMBER = re.compile(rb"-?(?:Na?|I(?:n(?:f(?:i(?:n(?:it?)?)?)?)?)?)?")


def read_string(body: bytes, start: int, bounds: Bounds = UNBOUNDED) -> tuple[str, int]:
    """Reads a string; bytes that are no UTF-8 become lone surrogates ("surrogateescape").

    Raises:
      ServingError: It does not end, or has a wrong escape or a control character. Or reading its
        escapes takes too long.
    """
    pieces: list[bytes] = []
    position = start + 1
    while True:
        end = _end_of(_PLAIN_TEXT, body, position)
        pieces.append(body[position:end])
        byte = body[end : end + 1]
        if byte == b'"':
            return b"".join(pieces).decode("utf-8", "surrogateescape"), end + 1
        if byte in (b"", b"\0"):
            raise parse_error("Missing a closing quotation mark in string.", end)
        if byte != b"\\":
            raise parse_error("Invalid escape character in string.", end)
        piece, position = _read_escape(body, end)
        pieces.append(piece)
        if not len(pieces) % STEPS_BETWEEN_LOOKS:
            bounds.check_time()


def read_word_or_number(body: bytes, start: int) -> tuple[Any, int]:
    """Reads true, false, null, a number, NaN or an infinity.

    Raises:
      ServingError: There is none of these.
    """
    byte = body[start : start + 1]
    if byte in _WORDS:
        word, value = _WORDS[byte]
        for offset in range(len(word)):
            if not body.startswith(word[: offset + 1], start):
                raise parse_error("Invalid value.", start + offset)
        return value, start + len(word)
    return _read_number(body, start)


def parse_int(text: str) -> int | float:
    """Integers that take more than 64 bits become floating-point numbers."""
    if len(text) <= len(str(2**64)):
        value = int(text)
        if -(2**63) <= value < 2**64:
            return value
    return parse_float(text)


def parse_float(text: str) -> float:
    """Returns a finite number, or raises OverflowError."""
    value = float(text)
    if math.isinf(value):
        raise OverflowError
    return value


def parse_error(message: str, offset: int) -> ServingError:
    """Returns TF Serving's error about a body that is no JSON."""
    return invalid_argument(f"JSON Parse error: {message} at offset: {offset}")


def _read_escape(body: bytes, start: int) -> tuple[bytes, int]:
    """Reads one character that is written as an escape; returns it as UTF-8."""
    letter = body[start + 1 : start + 2]
    if letter in _ESCAPES:
        return _ESCAPES[letter], start + 2
    if letter != b"u":
        raise parse_error("Invalid escape character in string.", start)
    position = start + 2
    code = _read_hexadecimal(body, position, start)
    position += 4
    if code in _HIGH_SURROGATES:
        if body[position : position + 2] != b"\\u":
            raise parse_error("The surrogate pair in string is invalid.", start)
        low = _read_hexadecimal(body, position + 2, start)
        if low not in _LOW_SURROGATES:
            raise parse_error("The surrogate pair in string is invalid.", start)
        pair = _HIGH_SURROGATES.index(code) * len(_LOW_SURROGATES) + _LOW_SURROGATES.index(low)
        code = 0x10000 + pair
        position += 6
    return chr(code).encode("utf-8", "surrogatepass"), position


def _read_hexadecimal(body: bytes, position: int, start: int) -> int:
    match = _HEXADECIMAL.match(body, position)
    if match is None:
        raise parse_error("Incorrect hex digit after \\u escape in string.", start)
    return int(match[0], 16)


def _read_number(body: bytes, start: int) -> tuple[float, int]:
    match = _NUMBER.match(body, start)
    if match is None:
        return _read_non_finite(body, start)
    fraction, exponent = match.groups()
    if fraction == b".":
        raise parse_error("Miss fraction part in number.", match.end(1))
    if exponent == b"":
        raise parse_error("Miss exponent in number.", match.end())
    text = match[0].decode()
    try:
        number = parse_int(text) if fraction is exponent is None else parse_float(text)
    except OverflowError as error:
        raise parse_error("Number too big to be stored in double.", start) from error
    return number, match.end()


def _read_non_finite(body: bytes, start: int) -> tuple[float, int]:
    if match := _NOT_A_NUMBER.match(body, start):
        return math.nan, match.end()
    if match := _INFINITY.match(body, start):
        return -math.inf if match[1] else math.inf, match.end()
    raise parse_error("Invalid value.", _end_of(_NO_NUMBER, body, start))


def _end_of(pattern: re.Pattern[bytes], body: bytes, position: int) -> int:
    """Returns where a pattern that always matches ends."""
    match = pattern.match(body, position)
    return match.end() if match else position
