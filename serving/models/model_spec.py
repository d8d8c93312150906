"""Which model a request is for, whatever protocol it came by (standard library only)."""

from typing import NamedTuple


class ModelSpec(NamedTuple):
    """Which model a request is for; the newest version if neither version nor label is given."""

    name: str
    version: int | None = None
    label: str | None = None
