"""From values to places in a drawing, and where a person wants marks (standard library only)."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

_NICE_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Scale:
    """Puts values linearly between two places.

    Attributes:
      low: The value that stands at `start`.
      high: The value that stands at `end`.
      start: A place, in units of the drawing.
      end: Another one.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Returns the place of a value."""
        if self.high == self.low:
            return self.start
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)

    def ticks(self, most: int) -> list[float]:
        """Returns round values within the scale: not more than `most`, evenly spaced."""
        if self.high == self.low:
            return [self.low]
        step = _nice_step((self.high - self.low) / most)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(number * step, 12) for number in range(first, last + 1)]


def scale_of(values: Sequence[float], start: float, end: float, *, most_ticks: int) -> Scale:
    """Returns a scale that holds all values and begins and ends at round ones."""
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    # A range that is nothing beside its values, or is no normal number, cannot be divided.
    if high - low <= max(abs(low), abs(high)) * 1e-12 or high - low < sys.float_info.min * 1e3:
        low, high = low - max(0.5, abs(low) / 2), high + max(0.5, abs(high) / 2)
    step = _nice_step((high - low) / most_ticks)
    return Scale(math.floor(low / step) * step, math.ceil(high / step) * step, start, end)


def _nice_step(least: float) -> float:
    """Returns the smallest round number that is not below `least`."""
    magnitude = 10 ** math.floor(math.log10(least))
    return next(nice * magnitude for nice in _NICE_STEPS if nice * magnitude >= least * (1 - 1e-9))
