"""The order in which people read the values of a class or a slice (standard library only)."""

import re
from typing import TypeAlias

_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")
_DIGITS = re.compile(r"(\d+)")

_Order: TypeAlias = tuple[bool, float, tuple[str | int, ...]]


def by_number(value: str | float) -> _Order:
    """Returns a sort key: 2 before 10, as numbers or as text, "class 2" before "class 10".

    Numbers come before words.
    """
    text = str(value)
    if not isinstance(value, str) or _NUMBER.fullmatch(text):
        return False, float(value), ()
    # Text and numbers take turns, so that like is compared with like.
    parts = enumerate(_DIGITS.split(text))
    return True, 0.0, tuple(int(part) if place % 2 else part for place, part in parts)
