"""What a report says of a run as a whole: what no node can know while it runs."""

from enum import StrEnum

from components.run_report.content.part import Part
from components.versioned_directory.exports import ExportRecord


class End(StrEnum):
    """How a run ended, for a person who asks nothing else."""

    PUSHED = "pushed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    PARTIAL = "partial"
    ENDED_EARLY = "ended early"
    RUNNING = "running"


WENT_THROUGH = frozenset({End.PUSHED, End.UNCHANGED, End.REFUSED})
"""The ends of a run that did all that it was to do, whatever came of its model."""


class Node(Part):
    """A node of the pipeline.

    Attributes:
      name: Its id.
      upstream: Ids of those that it waits for.
      state: How it ended, in a word.
      seconds: How long it took; None if it was not reached.
      execution_id: In ML Metadata; 0 if there is none.
      cause: Why it failed, or "".
    """

    name: str
    upstream: tuple[str, ...]
    state: str
    seconds: float | None = None
    execution_id: int = 0
    cause: str = ""


class PastRun(Part):
    """An earlier run, or this one.

    Attributes:
      run_id: Its id.
      started: When, as ISO 8601 in UTC.
      seconds: Sum of the times of its nodes.
      end: How it ended, in words.
      accuracy: On the test split; None if it was not measured.
    """

    run_id: str
    started: str
    seconds: float
    end: str
    accuracy: float | None = None


class Run(Part):
    """A run.

    Attributes:
      run_id: Its id.
      pipeline_name: Of which pipeline.
      end: How it ended.
      cause: Why it failed, or "".
      failed_node: Where, or "".
      refusals: What was refused, a sentence each.
      version: The version that it pushed, however it ended after that, or "".
      pushed_to: Where that is, or "".
      nodes: In the order of the flow.
      exports: Other formats that were published with it.
      unexported: Why formats are not there, a sentence each.
      exports_unknown: Why nothing is known of exports that there should be, or "".
      history: Runs of the same pipeline up to this one, the oldest first.
      log: Where everything that was logged stands, or "".
      accepted_drift: Who accepted data that had drifted, and how far they had; () without any.
    """

    run_id: str
    pipeline_name: str
    end: End
    cause: str = ""
    failed_node: str = ""
    refusals: tuple[str, ...] = ()
    version: str = ""
    pushed_to: str = ""
    nodes: tuple[Node, ...] = ()
    exports: tuple[ExportRecord, ...] = ()
    unexported: tuple[str, ...] = ()
    exports_unknown: str = ""
    history: tuple[PastRun, ...] = ()
    log: str = ""
    accepted_drift: tuple[str, ...] = ()
