"""One threshold and what was held against it (no TensorFlow)."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Check:
    """One threshold and the value that was held against it.

    Attributes:
      metric: Name of the metric.
      slice: The rows that it is of.
      value: What the model reached.
      bound: What it must reach at least.
      passed: Whether TFMA says so.
      baseline: What the last blessed model reached on the same rows; None if there was none, or if
        the metric is the change to it.
    """

    metric: str
    slice: str
    value: float
    bound: float
    passed: bool
    baseline: float | None = None

    def __str__(self) -> str:
        """Says in one line which metric, slice, value and bound."""
        relation = ">=" if self.passed else "<"
        return f"{self.metric} of {self.slice} is {self.value:.4f} {relation} {self.bound:.4f}"
