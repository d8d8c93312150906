"""What a member of a cluster tells the process that started it (standard library only).

One JSON object a line, on a pipe. `join` is the first thing that a member does; what its supervisor
reads stands in `modules/distribution/processes/supervision.py`.
"""

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from modules.parent_process import end_with_parent

# A longer line is none of ours.
_MAX_LINE_BYTES = 2**20


class Stage(StrEnum):
    """How far a member is, in this order."""

    STARTED = "started"  # Python runs
    LOADED = "loaded"  # libraries are imported
    CONNECTED = "connected"  # all members have found each other


@dataclass(frozen=True)
class Progress:
    """Where the work of a member stands, in its own words."""

    content: Mapping[str, Any]


@dataclass(frozen=True)
class Failure:
    """Why a member ends.

    Attributes:
      message: The cause.
      lost_peers: Whether the cause is elsewhere: the others no longer answer.
      may_pass: Whether the same may go well another time.
    """

    message: str
    lost_peers: bool
    may_pass: bool = False

    def describe(self) -> dict[str, Any]:
        """Returns what `json` can write, for `parse_report`."""
        return {"failure": self.message, "lost_peers": self.lost_peers, "may_pass": self.may_pass}


Report = Stage | Progress | Failure


class Reports:
    """What a member tells its supervisor, from any thread.

    A supervisor that is gone hears nothing, and the member is not bothered with it.
    """

    def __init__(self, file_descriptor: int) -> None:
        """Writes to a pipe."""
        self._file_descriptor = file_descriptor
        self._lock = threading.Lock()

    def reach(self, stage: Stage) -> None:
        """Tells that the member is so far."""
        self._write({"stage": stage})

    def progress(self, content: Mapping[str, Any]) -> None:
        """Tells where the work stands.

        Args:
          content: What `json` can write.
        """
        self._write({"progress": content})

    def fail(self, message: str, *, lost_peers: bool, may_pass: bool = False) -> None:
        """Tells why the member is about to end; only the first such report counts.

        Args:
          message: The cause.
          lost_peers: Whether it only lost the others, whose own report then says more.
          may_pass: Whether the same may go well another time.
        """
        self._write(Failure(message, lost_peers, may_pass).describe())

    def _write(self, report: Mapping[str, Any]) -> None:
        # Begins with an end of line: what an exception cut off must not spoil the next report.
        left = b"\n" + json.dumps(report).encode() + b"\n"
        with self._lock:
            try:
                while left:
                    left = left[os.write(self._file_descriptor, left) :]
            except OSError:
                return  # nobody reads any more


class ReportReader:
    """Makes reports of the bytes of a pipe, wherever they are cut."""

    def __init__(self) -> None:
        """Begins at the start of a line."""
        self._rest = b""

    def feed(self, data: bytes) -> list[Report]:
        """Returns the reports that end in this piece; skips lines that are none."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _MAX_LINE_BYTES:
            self._rest = b""
        return [report for line in lines if (report := parse_report(line)) is not None]


def join(reports_fd: int, parent_pid: int) -> Reports:
    """Makes this process a member: it reports, and does not outlive the process that started it.

    Args:
      reports_fd: Where to report, the last but one argument of the command.
      parent_pid: The supervisor's process, the last argument.
    """
    os.set_inheritable(reports_fd, False)
    end_with_parent(parent_pid)
    reports = Reports(reports_fd)
    reports.reach(Stage.STARTED)
    return reports


def parse_report(text: str | bytes) -> Report | None:
    """Returns the report that a text is, None if it is none."""
    try:
        report = json.loads(text)
    except (ValueError, RecursionError):
        return None
    match report:
        case {"stage": str(stage)} if stage in set(Stage):
            return Stage(stage)
        case {"progress": dict(content)}:
            return Progress(content)
        case {"failure": str(message), "lost_peers": bool(lost_peers), "may_pass": bool(may_pass)}:
            return Failure(message, lost_peers, may_pass)
    return None
