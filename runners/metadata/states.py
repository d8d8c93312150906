"""How a node stands in a run, and how a run ended (standard library only)."""

from enum import StrEnum


class NodeState(StrEnum):
    """How a node stands in a run."""

    WAITING = "waiting"
    """The run goes on and has not come to it yet."""

    RUNNING = "running"
    """It runs; ML Metadata also says so of a node whose process was killed."""

    COMPLETE = "complete"
    """It has made its output."""

    CACHED = "cached"
    """It has found its output in the cache, made by an earlier run."""

    FAILED = "failed"
    """It raised an error."""

    CANCELED = "canceled"
    """It was called off."""

    INTERRUPTED = "interrupted"
    """Somebody pressed Ctrl-C while it ran."""

    NOT_REACHED = "not reached"
    """The run ended before it."""


SUCCESSFUL = frozenset({NodeState.COMPLETE, NodeState.CACHED})
"""The states of a node that has an output."""


class RunEnd(StrEnum):
    """How a run ended."""

    PUSHED = "pushed"
    """It pushed a model."""

    UNCHANGED = "unchanged"
    """The push of an earlier run stands."""

    NOT_PUSHED = "not pushed"
    """A gate refused the model."""

    FAILED = "failed"
    """A node failed."""

    STOPPED = "stopped"
    """It was killed in a node, or it still runs."""

    ENDED_EARLY = "ended early"
    """It ended between two nodes, or only a part was to run."""
