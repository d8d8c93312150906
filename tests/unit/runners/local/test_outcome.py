"""run.json: what scripts read, and what is said if it cannot be written."""

import json
import math
from pathlib import Path

import pytest

from components.evaluation.checks import Check
from runners.local.outcome import RunOutcome, write_run_file


def test_a_run_file_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path):
    (tmp_path / "run.json").mkdir()
    outcome = RunOutcome(run_id="run", exit_code=0, nodes=())

    with pytest.raises(OSError, match=rf"{tmp_path}/run\.json: cannot be written .*Free space"):
        write_run_file(outcome, tmp_path, {})


def test_what_is_no_number_is_valid_json(tmp_path: Path):
    check = Check(metric="f1_score", slice="all", value=math.nan, bound=0.5, passed=False)
    outcome = RunOutcome(run_id="run", exit_code=3, nodes=(), checks=(check,), cause="/data/\udcff")

    path = write_run_file(outcome, tmp_path, {"thresholds": {"accuracy": 0.9}})

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    content = json.loads(path.read_text(), parse_constant=refuse)
    assert content["checks"][0]["value"] == "NaN"
    assert content["checks"][0]["bound"] == 0.5
    assert content["cause"] == "/data/\udcff"
    assert content["config"] == {"thresholds": {"accuracy": 0.9}}
