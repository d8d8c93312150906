"""Draws numbers as bars of text (standard library only)."""

import math
from collections.abc import Sequence

_LEVELS = "▁▂▃▄▅▆▇█"
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def draw_sparkline(values: Sequence[float]) -> str:
    """Returns a character for each value, from the lowest to the highest of them.

    What is no finite number is a blank.
    """
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    return "".join(_level(value, low, high) for value in values)


def draw_share(share: float, width: int) -> str:
    """Returns a bar that is so long as a share, from 0 to 1, of so many characters."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def _level(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return " "
    if high == low:
        return _LEVELS[len(_LEVELS) // 2]
    share = (value - low) / (high - low)
    return _LEVELS[min(int(share * len(_LEVELS)), len(_LEVELS) - 1)]
