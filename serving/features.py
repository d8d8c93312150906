"""One example as features by name, before it is a tf.Example (standard library only)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Feature:
    """One feature of an example.

    Attributes:
      kind: "bytes", "float" or "int64"; "" while it has no values.
      values: bytes, floats or integers.
    """

    kind: str = ""
    values: list[Any] = field(default_factory=list)


Features = Mapping[str, Feature]
"""One example."""
