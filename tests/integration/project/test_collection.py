"""The names of the tests: the same for every worker that collects them, or pytest-xdist refuses."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from support.project import NOT_COPIED, PROJECT


def _collect(project: Path, hash_seed: int) -> list[str]:
    """Returns the ids of all tests, which a new process finds in a copy of the project."""
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "-p", "no:cacheprovider"],
        cwd=project,
        env=os.environ | {"PYTHONHASHSEED": str(hash_seed)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return [line for line in answer.stdout.splitlines() if "::" in line]


def test_tests_have_the_same_ids_at_another_time_in_another_folder_and_with_other_hashes(
    tmp_path: Path,
):
    other = shutil.copytree(PROJECT, tmp_path / "another folder", ignore=NOT_COPIED)

    second = int(time.time())
    ids = _collect(PROJECT, 1)
    assert int(time.time()) > second
    ids_of_other = _collect(other, 2)

    assert len(ids) > 1000
    assert ids == ids_of_other
