"""`tfx-mnist doctor` says in JSON or in a table what must be fixed."""

import json
from pathlib import Path

from click.testing import CliRunner

from runners.commands.doctor import doctor
from support.project import PROJECT


def test_doctor_answers_in_json_and_exits_1_when_something_must_be_fixed(tmp_path: Path):
    options = ["--json", "--set", f"data_root={tmp_path}", "--set", f"pipeline_root={tmp_path}"]

    result = CliRunner().invoke(doctor, options)

    assert result.exit_code == 1, result.output
    findings = {finding["subject"]: finding for finding in json.loads(result.stdout)}
    assert findings["data"]["severity"] == "fix"
    assert findings["free disk"]["severity"] == "ok"


def test_doctor_prints_what_to_do_and_exits_0_when_all_is_well(tmp_path: Path):
    settings = {
        "data_root": PROJECT / "data" / "mnist",
        "pipeline_root": tmp_path / "runs",
        "serving_model_dir": tmp_path / "serving",
    }
    options = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]

    result = CliRunner().invoke(doctor, options)

    assert result.exit_code == 0, result.output
    assert "TensorBoard" in result.stdout
