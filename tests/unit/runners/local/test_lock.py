"""One run at a time on a root, and on a pipeline's metadata, which roots may share."""

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from pipeline.config import PipelineConfig
from runners.local.lock import RunLockedError, lock_run
from support.disks.small import files_limited_to
from support.waiting import DEADLINE_SECONDS


@pytest.fixture
def lock(tmp_path: Path) -> Callable[..., AbstractContextManager[None]]:
    """Returns a function that locks a root, given its name, for a run on shared metadata."""

    def make(
        root: str,
        *,
        pipeline_name: str = "digits",
        metadata: str = "shared/metadata.db",
        on_wait: Callable[[str], None] | None = None,
    ) -> AbstractContextManager[None]:
        config = PipelineConfig(
            pipeline_name=pipeline_name,
            pipeline_root=str(tmp_path / root),
            metadata_path=str(tmp_path / metadata),
        )
        return lock_run(config, wait=on_wait is not None, on_wait=on_wait or pytest.fail)

    return make


@pytest.mark.parametrize(
    ("second", "locked"),
    [
        ({"root": "first", "metadata": "other.db"}, "first"),
        ({"root": "second"}, "shared/metadata.db"),
        ({"root": "second", "metadata": "link.db"}, "shared/metadata.db"),
    ],
)
def test_what_another_run_has_is_refused_with_its_process(
    lock: Callable[..., AbstractContextManager[None]],
    tmp_path: Path,
    second: dict[str, str],
    locked: str,
):
    (tmp_path / "link.db").symlink_to(tmp_path / "shared" / "metadata.db")
    expected = rf"{tmp_path / locked}: another run holds the lock \(process {os.getpid()} on "

    with lock("first"), pytest.raises(RunLockedError, match=expected), lock(**second):
        pytest.fail("two runs had the lock")

    with lock(**second):  # the first one has ended
        pass


def test_runs_of_other_pipelines_may_share_the_metadata(
    lock: Callable[..., AbstractContextManager[None]],
):
    with lock("first"), lock("second", pipeline_name="letters"):
        pass


def test_a_refused_run_holds_nothing_back(lock: Callable[..., AbstractContextManager[None]]):
    with lock("first"):
        with pytest.raises(RunLockedError), lock("second"):
            pytest.fail("two runs had the lock")
        with lock("second", metadata="other.db"):
            pass


def test_a_run_waits_for_another_one_on_the_same_metadata(
    lock: Callable[..., AbstractContextManager[None]],
):
    told: list[str] = []
    waits, has_ended = threading.Event(), threading.Event()

    def run() -> None:
        with lock("second", on_wait=lambda line: (told.append(line), waits.set())):
            assert has_ended.is_set()
            told.append("had it")

    with lock("first"):
        thread = threading.Thread(target=run)
        thread.start()
        assert waits.wait(DEADLINE_SECONDS)
        has_ended.set()
    thread.join(DEADLINE_SECONDS)

    assert told[0].endswith("; waiting for it to end")
    assert told[1:] == ["had it"]


def test_a_full_disk_is_told_with_the_path(
    lock: Callable[..., AbstractContextManager[None]], tmp_path: Path
):
    with (
        files_limited_to(0),
        pytest.raises(OSError, match=f"{tmp_path}/first/.lock"),
        lock("first"),
    ):
        pytest.fail("the holder of the lock was written")
