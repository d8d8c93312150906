"""One bound of a threshold and what was held against it (no TensorFlow)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Self

from components.class_names import show_classes_in

ACCURACY: Final = "accuracy"
"""What a person calls the share of rows that a model gets right."""

CROSS_ENTROPY: Final = "cross_entropy"
"""The loss, which is always measured and held to nothing by default."""

CLASS: Final = "class"
"""What stands before the number of a class in the name of a metric of one against the rest."""

NUM_ROWS: Final = "number of rows"
"""The metric of a check that asks for enough rows."""

OVERALL: Final = "all"
"""The slice that is all rows."""

CHANGE: Final = " change"
"""What the name of a metric ends in if it is the change to the last blessed model."""


_OF_CLASS: Final = re.compile(rf"(.+) \({CLASS} (\d+)\)")


class OfClass(NamedTuple):
    """What the name of a metric of one class against the rest says."""

    metric: str
    label: int


def read_class(name: str) -> OfClass | None:
    """Returns the metric and the class in a name like "precision (class 3)", None in others."""
    match = _OF_CLASS.fullmatch(name)
    return match and OfClass(match[1], int(match[2]))


def name_split(split: str) -> str:
    """Returns the slice that is all rows of another split than the one that is tested on."""
    return f"split {split}"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One bound of a threshold, and the value that was held against it.

    Attributes:
      metric: Name of the metric.
      slice: The rows that it is of.
      value: What the model reached; None if that was not measured.
      bound: What it must reach.
      is_upper_bound: Whether `bound` is the most that the value may be; otherwise it is the least.
      passed: Whether TFMA says so; of another split than the one that is tested on, the Evaluator.
      rows: How many rows there are in the slice; None if they were not counted.
      baseline: What the last blessed model reached on the same rows; None if there was none, or if
        the metric is the change to it.
      meaning: What it means that it failed, where metric and slice do not tell.
    """

    metric: str
    slice: str
    value: float | None
    bound: float
    is_upper_bound: bool = False
    passed: bool
    rows: int | None = None
    baseline: float | None = None
    meaning: str = ""

    def __str__(self) -> str:
        """Says in one line which metric, slice, value, bound and number of rows."""
        name = f"{self.metric} of {self.slice}"
        rows = "" if self.rows is None or self.metric == NUM_ROWS else f" ({_count(self.rows)})"
        if self.value is None:
            return f"{name} was not measured, expected {self.expected}{rows}"
        decimals = self._decimals
        value, bound = (self._render(number, decimals) for number in (self.value, self.bound))
        if self.passed:
            return f"{name} is {value} {self._sign} {bound}{rows}"
        if self._is_beyond_bound:
            sign = ">" if self.is_upper_bound else "<"
            meaning = f": {self.meaning}" if self.meaning else ""
            return f"{name} is {value} {sign} {bound}{rows}{meaning}"
        return f"{name} is {value}, expected {self._sign} {bound}{rows}"

    def with_names(self, class_names: Sequence[str]) -> Self:
        """Returns it as people read it: of "label 7 (Sneaker)"; code goes by "label 7".

        Args:
          class_names: How classes are called, from label 0 on; empty if they have no names.
        """
        metric, rows = (show_classes_in(each, class_names) for each in (self.metric, self.slice))
        return replace(self, metric=metric, slice=rows)

    @property
    def is_change(self) -> bool:
        """Whether the metric is the change to the last blessed model."""
        return self.metric.endswith(CHANGE)

    @property
    def expected(self) -> str:
        """The bound, and on which side of it the value must be."""
        return f"{self._sign} {self._render(self.bound, self._decimals)}"

    @property
    def received(self) -> str:
        """The value."""
        return "not measured" if self.value is None else self._render(self.value, self._decimals)

    @property
    def verdict(self) -> str:
        """In a word."""
        if self.passed:
            return "ok"
        if self.value is None:
            return "missing"
        if not self._is_beyond_bound:
            return "failed"
        return "above" if self.is_upper_bound else "below"

    @property
    def _sign(self) -> str:
        return "<=" if self.is_upper_bound else ">="

    @property
    def _is_beyond_bound(self) -> bool:
        """Whether the numbers show why it failed; NaN shows nothing."""
        if self.value is None:
            return False
        return self.value > self.bound if self.is_upper_bound else self.value < self.bound

    @property
    def _decimals(self) -> int:
        """As many as tell a value that failed from its bound, and 4 or more."""
        if self.metric == NUM_ROWS:
            return 0
        if self.passed or not self._is_beyond_bound:
            return 4
        return next(
            (
                decimals
                for decimals in range(4, 17)
                if f"{self.value:.{decimals}f}" != f"{self.bound:.{decimals}f}"
            ),
            17,
        )

    def _render(self, number: float, decimals: int) -> str:
        return f"{number:.{decimals}f}"


def worth_telling(checks: Iterable[Check], class_names: Sequence[str] = ()) -> Iterator[Check]:
    """Yields all but the counts of rows that are enough: these stand beside each value.

    Args:
      checks: All of an evaluation.
      class_names: How classes are called in what is yielded; empty if they have no names.
    """
    for check in checks:
        if check.metric != NUM_ROWS or not check.passed:
            yield check.with_names(class_names)


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"
