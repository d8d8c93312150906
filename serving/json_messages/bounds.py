"""Ends the work on a request that takes too long or has too many values (standard library only)."""

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from serving.errors import deadline_exceeded, invalid_argument

STEPS_BETWEEN_LOOKS = 4096
"""How many steps, of a microsecond or some, are taken before the clock is looked at again."""

_T = TypeVar("_T")


class Bounds:
    """What the work on one request may take.

    It is done in Python and can't be interrupted, so that it looks at the clock itself.

    Attributes:
      deadline: When it must end, in seconds of `time.monotonic()`.
      max_values: The most numbers and strings.
    """

    def __init__(
        self,
        deadline: float = math.inf,
        max_values: int = sys.maxsize,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Makes bounds; the deadline is by the clock."""
        self.deadline = deadline
        self.max_values = max_values
        self._clock = clock

    def close(self) -> None:
        """Ends the work that still goes on, perhaps in a thread: nobody waits for it any more."""
        self.deadline = -math.inf

    def check_time(self) -> None:
        """Raises a ServingError if the deadline is over."""
        if self._clock() >= self.deadline:
            raise deadline_exceeded()

    def check_num_values(self, num_values: int) -> None:
        """Raises a ServingError if so many are too many, though not all were counted yet."""
        if num_values > self.max_values:
            raise invalid_argument(
                f"The request has at least {num_values} values, expected at most {self.max_values}"
            )

    def paced(self, items: Iterable[_T]) -> Iterator[_T]:
        """Yields items, of which more may come meanwhile, and looks at the clock now and then.

        Raises:
          ServingError: The deadline is over.
        """
        for number, item in enumerate(items):
            if not number % STEPS_BETWEEN_LOOKS:
                self.check_time()
            yield item


UNBOUNDED = Bounds()
"""For work that may take what it takes."""
