"""One threshold and what was held against it (no TensorFlow)."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Check:
    """One threshold and the value that was held against it."""

    metric: str
    slice: str
    value: float
    bound: float
    passed: bool

    def __str__(self) -> str:
        """Says in one line which metric, slice, value and bound."""
        relation = ">=" if self.passed else "<"
        return f"{self.metric} of {self.slice} is {self.value:.4f} {relation} {self.bound:.4f}"
