"""Clusters of plain Python processes that do what a test says."""

import os
import sys
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from modules.distribution.members.causes import ClusterFault
from modules.distribution.processes.supervision import Member, run_members
from support.project import PROJECT

# What a member does, to be put together.
JOIN = """
import os, signal, subprocess, sys
from modules.distribution.processes.reports import Stage, join
reports = join(int(sys.argv[-2]), int(sys.argv[-1]))
"""
LOAD = f"{JOIN}reports.reach(Stage.LOADED)\n"
CONNECT = f"{LOAD}reports.reach(Stage.CONNECTED)\n"
TELL_PID = "reports.progress({'pid': os.getpid()})\n"
BLOCK_SIGTERM = "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
LOSE_PEERS = "reports.fail('no answer', lost_peers=True)\n"
REST = "import signal\nwhile True: signal.pause()\n"

# Of what comes in time, as long as nothing is wrong.
LONG_SECONDS = 600.0

OnProgress = Callable[[str, Mapping[str, Any]], None]


def hold(fifo: Path) -> str:
    """What has others wait until this member has ended."""
    return f"held = open({str(fifo)!r}, 'w')\n"


def wait_for(fifo: Path) -> str:
    """What waits until the member that holds it has ended, or the test has let go."""
    return f"open({str(fifo)!r}).read()\n"


def let_go(fifo: Path) -> None:
    """Has a member go on that waits, or is about to."""
    fifo.open("w").close()


class Cluster:
    """Members of one test, which can be found wherever they are."""

    def __init__(self, folder: Path, mark: str = "") -> None:
        """Has its logs in a folder; another mark than that of another cluster unless given."""
        self.folder = folder
        self.mark = mark or uuid.uuid4().hex

    def member(self, name: str, program: str, *, serves: bool = False) -> Member:
        """Returns a member that runs a program."""
        return Member(
            name=name,
            command=[sys.executable, "-S", "-c", program],
            environment={"PYTHONPATH": str(PROJECT), "CLUSTER_OF_TEST": self.mark},
            log_path=self.log_path(name),
            serves=serves,
        )

    def log_path(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def run(
        self,
        *members: Member,
        on_progress: OnProgress | None = None,
        timeout_seconds: float = LONG_SECONDS,
        settle_seconds: float = LONG_SECONDS,
    ) -> list[tuple[str, Mapping[str, Any]]]:
        """Runs members and returns the progress that they told."""
        told = []

        def note(name: str, content: Mapping[str, Any]) -> None:
            told.append((name, content))
            if on_progress:
                on_progress(name, content)

        run_members(
            members,
            timeout_seconds=timeout_seconds,
            settle_seconds=settle_seconds,
            on_progress=note,
        )
        return told

    def fault(self, *members: Member, **options: Any) -> ClusterFault:
        """Runs members that fail, and returns the fault when none of them is left."""
        try:
            told = self.run(*members, **options)
        except ClusterFault as fault:
            assert self.processes() == []
            return fault
        raise AssertionError(f"no fault: {told}")

    def late_fault(self, words: str, *members: Member) -> tuple[str, float]:
        """Returns what time brings when it is long enough for all that comes before.

        How long that is depends on the machine: it is doubled until the fault has these words.

        Returns:
          The fault's message, and the time that it was given.

        Raises:
          AssertionError: No time brings it.
        """
        for seconds in (0.25 * 2**number for number in range(11)):
            fault = self.fault(*members, timeout_seconds=seconds)
            if words in str(fault):
                assert fault.may_pass
                return str(fault), seconds
        raise AssertionError(f"expected {words!r}, received {fault}")

    def processes(self) -> list[int]:
        """Returns the processes that run, with all that they started."""
        mark = f"CLUSTER_OF_TEST={self.mark}".encode()
        return [pid for pid in _pids() if mark in _read(pid, "environ").split(b"\0")]


def children() -> set[int]:
    """Returns the children of this process, also those that ended and were not reaped."""
    parent = str(os.getpid()).encode()
    return {pid for pid in _pids() if _stat(pid)[1:2] == [parent]}


def is_stopped(pid: int) -> bool:
    """Returns whether a signal has halted a process."""
    return _stat(pid)[:1] == [b"T"]


def has_ended(pid: int) -> bool:
    """Returns whether a process is there only to be reaped."""
    return _stat(pid)[:1] == [b"Z"]


def _stat(pid: int) -> list[bytes]:
    """Returns what /proc/PID/stat holds behind the program's name: state, parent ..."""
    return _read(pid, "stat").rpartition(b")")[2].split()


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:  # it has ended, or is somebody else's
        return b""
