"""Folders in a bucket whose storage answers nothing the first time that it is asked."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.gcs.messages import Request
from support.gcs.stand_in import GcsStandIn, serve_gcs

FILES = ["", "a", "b", "below/c"]


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[GcsStandIn]:
    with serve_gcs(tmp_path, "bucket") as server:
        server.api.is_busy = _at_what_is_asked_first()
        for name in FILES:
            server.store.put("bucket", f"folder/{name}", b"content")
            server.store.put("bucket", f"old/{name}", b"content")
        server.store.put("bucket", "folders/a", b"of a neighbour")
        yield server


def _at_what_is_asked_first() -> Callable[[Request], bool]:
    asked = set()

    def is_busy(request: Request) -> bool:
        question = (request.method, request.target)
        if question in asked:
            return False
        asked.add(question)
        return True

    return is_busy


def _run(program: str, storage: GcsStandIn) -> subprocess.CompletedProcess[str]:
    """Runs a program in a process of its own: TensorFlow reads its settings once."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            f"from modules.folders import remove_folder, rename_folder; {program}",
        ],
        env=os.environ | storage.environment,
        check=False,
        capture_output=True,
        text=True,
    )


def test_folders_are_renamed_and_removed_though_the_storage_was_busy(storage: GcsStandIn):
    answer = _run(
        "rename_folder('gs://bucket/folder', 'gs://bucket/new'); remove_folder('gs://bucket/old')",
        storage,
    )

    assert answer.returncode == 0, answer.stderr
    assert storage.store.names("bucket") == ["folders/a", *(f"new/{name}" for name in FILES)]


def test_a_folder_that_is_missing_is_said_to_be(storage: GcsStandIn):
    before = storage.store.names("bucket")

    answer = _run("remove_folder('gs://bucket/none')", storage)

    assert answer.returncode == 1
    assert "NotFoundError" in answer.stderr
    assert storage.store.names("bucket") == before
