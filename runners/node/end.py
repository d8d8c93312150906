"""How a node ended (no TensorFlow)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runners.metadata.records import NodeRecord


@dataclass(frozen=True, kw_only=True)
class NodeEnd:
    """How a node ended.

    Attributes:
      exit_code: One of `runners.orchestration.exit_codes`; SUCCEEDED also from the cache.
      headline: In one sentence, as a rule; for a failed node, why.
      checks: A line for each threshold, if the node held something against thresholds.
      record: What metadata knows of it, if it came to its end.
    """

    exit_code: int
    headline: str
    checks: tuple[str, ...] = ()
    record: "NodeRecord | None" = None

    @property
    def message(self) -> str:
        """What a person reads last in the log."""
        return "\n  ".join([self.headline, *self.checks])
