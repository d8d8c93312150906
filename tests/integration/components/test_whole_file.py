"""A file in a bucket is replaced whole, or stays as it was, as one on this machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.gcs.stand_in import GcsStandIn, serve_gcs

PROGRAM = """
import sys
from components.whole_file import write_whole_file
write_whole_file("gs://bucket/folder/run.json", sys.argv[1].replace("?", chr(0xD800)))
"""


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[GcsStandIn]:
    with serve_gcs(tmp_path, "bucket") as server:
        server.store.put("bucket", "folder/run.json", b"old")
        yield server


def _write(text: str, storage: GcsStandIn) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, text],
        env=os.environ | storage.environment,
        check=False,
        capture_output=True,
        text=True,
    )


def test_the_new_content_takes_the_place_of_the_old(storage: GcsStandIn):
    answer = _write("new", storage)

    assert answer.returncode == 0, answer.stderr
    assert storage.store.get("bucket", "folder/run.json").content == b"new"
    assert storage.store.names("bucket") == ["folder/run.json"]


def test_a_text_that_cannot_be_encoded_leaves_the_old_content_and_nothing_beside_it(
    storage: GcsStandIn,
):
    answer = _write("new?", storage)

    assert "surrogates not allowed" in answer.stderr
    assert storage.store.get("bucket", "folder/run.json").content == b"old"
    assert storage.store.names("bucket") == ["folder/run.json"]
