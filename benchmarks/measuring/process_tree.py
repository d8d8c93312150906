"""Runs a command and measures all that it starts: wall time, CPU time, peak memory."""

import os
import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a command used, with every process that it started.

    Attributes:
      exit_code: The command's own.
      wall_seconds: From start to end.
      cpu_seconds: User and system time of all its processes.
      peak_bytes: Most memory of all its processes at one time, sampled five times a second: their
        proportional set sizes, so that pages which they share count once.
    """

    exit_code: int
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


def measure(command: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> Usage:
    """Runs `command` with its output in `log` and returns what it used."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **environment}
        )
        peak = _PeakMemory(process.pid)
        process.wait()
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Usage(
        exit_code=process.returncode,
        wall_seconds=wall,
        cpu_seconds=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        peak_bytes=peak.stop(),
    )


class _PeakMemory:
    """Samples the memory of a process and its descendants in a thread."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        self._stopped.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._stopped.wait(_SAMPLE_SECONDS):
            self._peak = max(self._peak, sum(_proportional_bytes(p) for p in _tree(self._pid)))


def _tree(pid: int) -> list[int]:
    """Returns `pid` and all its descendants that are alive."""
    found = [pid]
    for parent in found:  # grows while it is walked
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:  # it ended just now
                continue
    return found


def _proportional_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it ended just now
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
