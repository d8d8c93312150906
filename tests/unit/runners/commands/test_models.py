"""`tfx-mnist models` and `tfx-mnist rollback` on a serving directory."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from components.versioned_directory.push_record import PushOrigin
from components.versioned_directory.versions import Version, list_versions
from runners.commands.models import models
from runners.commands.rollback import rollback

_ORIGIN = PushOrigin(
    pipeline_name="digits",
    run_id="20260102T030405.000000Z",
    metrics={"sparse_categorical_accuracy": 0.98765},
    data_fingerprint="da7a" * 16,
    code_digest="c0de" * 4,
)


@pytest.fixture
def directory(tmp_path: Path, push: Callable[..., Version]) -> Path:
    """Versions 1 and 2."""
    for number, content in enumerate("ab", start=1):
        push(tmp_path / "serving", content, origin=_ORIGIN, now=float(number))
    return tmp_path / "serving"


def _call(command: object, directory: Path | str, *arguments: str) -> Result:
    options = ["--set", f"serving_model_dir={directory}"]
    return CliRunner().invoke(command, [*arguments, *options], env={"COLUMNS": "80"})


def test_models_shows_metrics_and_lineage_within_80_columns(directory: Path):
    lines = _call(models, directory).stdout.splitlines()

    assert lines[1].split() == ["2", "1970-01-01", "00:00:02", "accuracy", "0.9877", "0.0", "MB"]
    assert lines[2].split() == [
        *("served", "run", "20260102T030405.000000Z"),
        *("data", "da7ada7ada7a", "code", "c0dec0dec0de"),
    ]
    assert lines[3].startswith("1 ")


def test_models_tells_the_first_and_the_last_class_that_has_a_name(
    tmp_path: Path, push: Callable[..., Version]
):
    push(tmp_path, "a", origin=replace(_ORIGIN, class_names=("Hat", "Bag", "Shoe")))

    assert "  classes 0 (Hat) to 2 (Shoe)\n" in _call(models, tmp_path).stdout
    [version] = json.loads(_call(models, tmp_path, "--json").stdout)
    assert version["class_names"] == ["Hat", "Bag", "Shoe"]


def test_models_shows_averages_and_leaves_each_class_to_json(
    tmp_path: Path, push: Callable[..., Version]
):
    metrics = {"f1_score (macro average)": 0.98, "recall (class 0)": 0.99, "recall (class 1)": 0.97}
    push(tmp_path / "serving", "a", origin=replace(_ORIGIN, metrics=metrics), now=1.0)

    shown = " ".join(_call(models, tmp_path / "serving").stdout.split())
    [described] = json.loads(_call(models, tmp_path / "serving", "--json").stdout)

    assert "f1_score (macro average) 0.9800" in shown
    assert "recall" not in shown
    assert described["metrics"] == metrics


def test_models_prints_everything_as_json(directory: Path):
    newest, oldest = json.loads(_call(models, directory, "--json").stdout)

    assert (newest["version"], newest["served"]) == (2, True)
    assert (oldest["version"], oldest["served"]) == (1, False)
    assert newest["metrics"] == {"sparse_categorical_accuracy": 0.98765}
    assert newest["data_fingerprint"] == "da7a" * 16
    assert newest["bytes"] > 20_000


def test_rollback_says_what_is_the_newest_now_and_models_shows_it(directory: Path):
    result = _call(rollback, directory)
    number = list_versions(directory)[-1].number

    assert result.exit_code == 0
    assert f"now is {number}: the model of 1, rolled back from 2" in result.stdout
    assert "the model of 1, rolled back from 2" in _call(models, directory).stdout


def test_rollback_to_the_newest_version_changes_nothing(directory: Path):
    result = _call(rollback, directory, "2")

    assert "now is 2: as it was pushed" in result.stdout
    assert len(list_versions(directory)) == 2


def test_rollback_to_an_unknown_version_fails_in_one_line(directory: Path):
    result = _call(rollback, directory, "3")

    assert result.exit_code == 1
    assert "there is no version 3. Name one of: 1, 2." in result.output


def test_a_version_without_a_record_is_shown_as_such(
    directory: Path, write_model: Callable[[Path, str], Path]
):
    write_model(directory / "3", "theirs")

    assert "pushed by something else" in _call(models, directory).stdout
    assert json.loads(_call(models, directory, "--json").stdout)[0]["run_id"] is None


def test_no_version_yet_says_what_to_do(tmp_path: Path):
    result = _call(models, tmp_path / "serving")

    assert result.exit_code == 0
    assert "no version was pushed here yet (tfx-mnist run)" in result.stdout
    assert json.loads(_call(models, tmp_path / "serving", "--json").stdout) == []


@pytest.mark.parametrize("command", [models, rollback])
def test_a_serving_directory_that_is_a_file_is_named(tmp_path: Path, command: object):
    (tmp_path / "serving").write_text("a file")

    result = _call(command, tmp_path / "serving")

    assert result.exit_code == 1
    assert f"{tmp_path}/serving: cannot be read: Not a directory" in result.output


@pytest.mark.parametrize("command", [models, rollback])
def test_a_remote_serving_directory_is_refused(command: object):
    result = _call(command, "gs://bucket/serving")

    assert result.exit_code == 1
    assert "gs://bucket/serving: expected a serving_model_dir on a filesystem" in result.output
