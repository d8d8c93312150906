"""A cluster for each test, of which nothing may be left."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.distribution.clusters import Cluster, children
from support.waiting import wait_until


def _open_files() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    children_before, files_before = children(), _open_files()

    yield cluster

    try:
        # What a member has forked was sent its signal, and may take a moment to end.
        wait_until(lambda: not cluster.processes(), "all processes to end")
    finally:
        for pid in cluster.processes():  # so that a test that fails leaves nothing behind, either
            os.kill(pid, signal.SIGKILL)
    assert children() <= children_before
    assert len(_open_files()) <= len(files_before)
    assert handlers == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path
