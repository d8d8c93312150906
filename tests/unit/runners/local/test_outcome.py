"""run.json: what it says if it cannot be written."""

from pathlib import Path

import pytest

from runners.local.outcome import RunOutcome, write_run_file


def test_a_run_file_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path):
    (tmp_path / "run.json").mkdir()
    outcome = RunOutcome(run_id="run", exit_code=0, nodes=())

    with pytest.raises(OSError, match=rf"{tmp_path}/run\.json: cannot be written .*Free space"):
        write_run_file(outcome, tmp_path, {})
