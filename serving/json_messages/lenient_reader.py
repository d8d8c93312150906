"""Reads JSON that the standard does not allow and RapidJSON, TF Serving's parser, takes.

That is: a byte order mark, NaN and infinity, strings that are no UTF-8, any nesting, a key twice in
an object, and anything behind the first value. What it does not take it refuses as RapidJSON does.
"""

import json
import re
from typing import Any

from serving.json_messages.bounds import STEPS_BETWEEN_LOOKS, UNBOUNDED, Bounds
from serving.json_messages.tokens import (
    parse_error,
    parse_float,
    parse_int,
    read_string,
    read_word_or_number,
)

MAX_DEPTH = 1_000_000
"""The deepest nesting: each level takes a hundred bytes of memory, and one byte of a request."""

_BYTE_ORDER_MARK = re.compile(rb"\xef?\xbb?\xbf?")  # RapidJSON skips each of the bytes by itself
_WHITE_SPACE = re.compile(rb"[ \t\n\r]*")
# Escapes are read otherwise by Python. What is larger would take long without a look at the clock.
_FLAT = re.compile(rb"[\[{][^\[\]{}\\]{0,1000000}[\]}]")
_CONTAINERS = {b"[": b"]", b"{": b"}"}
_NO_VALUES = (b"", b"\0", b",", b":", b"]", b"}")


class RepeatedKeys(dict[str, Any]):
    """An object in which a key occurs more than once; it holds the first value of each.

    Attributes:
      last: The last value of each.
    """

    def __init__(self, members: list[tuple[str, Any]]) -> None:
        """Makes the object of its members, in their order."""
        super().__init__(reversed(members))
        self.last = dict(members)


def _make_object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(members)
    return content if len(content) == len(members) else RepeatedKeys(members)


_FLAT_DECODER = json.JSONDecoder(
    object_pairs_hook=_make_object, parse_int=parse_int, parse_float=parse_float
)
_OPEN = object()


def read_leniently(body: bytes, bounds: Bounds = UNBOUNDED) -> Any:
    """Returns the first JSON value in `body`.

    Values are counted from the second level on, where those of a request begin.

    Raises:
      ServingError: There is none; text and offset are RapidJSON's. Or it is out of bounds.
    """
    return _Reader(body, bounds).read()


class _Reader:
    """Reads one value; never calls itself, so that no nesting is too deep for Python."""

    def __init__(self, body: bytes, bounds: Bounds) -> None:
        self._body = body
        self._bounds = bounds
        self._num_values = 0
        self._position = _skip(_BYTE_ORDER_MARK, body, 0)
        # The arrays and objects that are open: what is in them so far, and the last key, which is
        # None in an array.
        self._open: list[list[Any]] = []
        self._keys: list[str | None] = []

    def read(self) -> Any:
        """Returns the value."""
        if self._peek() in _NO_VALUES:
            raise parse_error("The document is empty.", self._position)
        value = _OPEN
        while True:
            self._check_bounds()
            for _ in range(STEPS_BETWEEN_LOOKS):
                if value is _OPEN:
                    value = self._read_value()
                elif self._open:
                    value = self._add(value)
                else:
                    return value

    def _check_bounds(self) -> None:
        self._bounds.check_time()
        self._bounds.check_num_values(self._num_values)

    def _read_value(self) -> Any:
        """Returns a value, or _OPEN if the next one is in an array or object that begins here."""
        byte = self._peek()
        if byte not in _CONTAINERS:
            self._num_values += len(self._open) > 1
            return self._read_scalar(byte)
        if (value := self._read_at_once()) is not None:
            return value
        self._position += 1
        if self._take(_CONTAINERS[byte]):
            return [] if byte == b"[" else {}
        if len(self._open) == MAX_DEPTH:
            raise parse_error(f"The document is nested deeper than {MAX_DEPTH}.", self._position)
        self._open.append([])
        self._keys.append(self._read_key() if byte == b"{" else None)
        return _OPEN

    def _read_scalar(self, byte: bytes) -> Any:
        if byte == b'"':
            return self._read_string()
        value, self._position = read_word_or_number(self._body, self._position)
        return value

    def _read_string(self) -> str:
        value, self._position = read_string(self._body, self._position, self._bounds)
        return value

    def _read_at_once(self) -> Any:
        """Returns an array or object that has no others in it, which is fast; None if it can't."""
        match = _FLAT.match(self._body, self._position)
        if match is None:
            return None
        try:
            value = _FLAT_DECODER.decode(match[0].decode())
        except (ValueError, OverflowError):
            return None
        self._position = match.end()
        self._num_values += len(value) if self._open else 0
        self._check_bounds()
        return value

    def _add(self, value: Any) -> Any:
        """Adds to the innermost array or object; returns it if it ends here, otherwise _OPEN."""
        content, key = self._open[-1], self._keys[-1]
        content.append(value if key is None else (key, value))
        if self._take(b","):
            if key is not None:
                self._keys[-1] = self._read_key()
            return _OPEN
        if not self._take(b"]" if key is None else b"}"):
            missing = "']' after an array element" if key is None else "'}' after an object member"
            raise parse_error(f"Missing a comma or {missing}.", self._position)
        self._open.pop()
        self._keys.pop()
        return content if key is None else _make_object(content)

    def _read_key(self) -> str:
        if self._peek() != b'"':
            raise parse_error("Missing a name for object member.", self._position)
        key = self._read_string()
        if not self._take(b":"):
            raise parse_error("Missing a colon after a name of object member.", self._position)
        return key

    def _take(self, byte: bytes) -> bool:
        """Returns whether this is the next byte, and if so goes on behind it."""
        is_next = self._peek() == byte
        self._position += is_next
        return is_next

    def _peek(self) -> bytes:
        """Returns the next byte that is no white space."""
        self._position = _skip(_WHITE_SPACE, self._body, self._position)
        return self._body[self._position : self._position + 1]


def _skip(pattern: re.Pattern[bytes], body: bytes, position: int) -> int:
    match = pattern.match(body, position)
    return match.end() if match else position
