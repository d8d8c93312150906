"""Draws numbers as bars of text (standard library only)."""

import math
from collections.abc import Sequence

_LEVELS = "▁▂▃▄▅▆▇█"
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def draw_sparkline(values: Sequence[float], width: int) -> str:
    """Returns a character for each value, from the lowest to the highest of them.

    Of more values than there is room for, some stand for all, the first and the last among them.
    What is no finite number is a blank.

    Args:
      values: In their order.
      width: For so many characters there is room, two at least.
    """
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    if len(values) > width:
        values = [values[step * (len(values) - 1) // (width - 1)] for step in range(width)]
    return "".join(_level(value, low, high) for value in values)


def draw_share(share: float, width: int) -> str:
    """Returns a bar that is so long as a share, from 0 to 1, of so many characters.

    That of what is no number is empty.
    """
    eighths = 0 if math.isnan(share) else round(min(max(share, 0.0), 1.0) * width * 8)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def _level(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return " "
    if high == low:
        return _LEVELS[len(_LEVELS) // 2]
    share = (value / 2 - low / 2) / (high / 2 - low / 2)  # the difference may be infinite
    return _LEVELS[min(int(share * len(_LEVELS)), len(_LEVELS) - 1)]
