"""What `tfx-mnist export` refuses before it loads anything."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from components.versioned_directory.versions import Version
from runners.commands.export import export

OUTPUT = "--output=exports"


@pytest.fixture
def directory(tmp_path: Path, push: Callable[..., Version]) -> Path:
    push(tmp_path / "serving", "a model")
    return tmp_path / "serving"


def _export(directory: Path, *arguments: str) -> Result:
    return CliRunner().invoke(export, [*arguments, f"--set=serving_model_dir={directory}"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a folder with --output, --demo or both"),
        ((OUTPUT,), "name a format with --format: tflite, tflite_float16, tflite_int8, onnx, tfjs"),
        ((OUTPUT, "--format=keras"), "'keras' is not one of 'tflite'"),
        (("--demo=demo", "--format=onnx"), "--format: expected --output with it"),
        ((OUTPUT, "--demo=exports/demo"), "expected two folders side by side"),
        (("--demo=gs://bucket/demo",), "expected a folder on this machine"),
    ],
)
def test_bad_usage_is_explained(directory: Path, arguments: tuple[str, ...], message: str):
    result = _export(directory, *arguments)

    assert result.exit_code == 2
    assert message in result.output


def test_an_unknown_version_is_refused_with_those_that_there_are(directory: Path):
    result = _export(directory, "7", "--format=onnx", OUTPUT)

    assert result.exit_code == 1
    assert "expected a version's number or path, received '7'. There are: 100." in result.output


def test_a_folder_that_holds_something_stays_as_it_is(directory: Path, tmp_path: Path):
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "mine").write_text("precious")

    result = _export(directory, "--format=onnx", f"--output={tmp_path / 'exports'}")

    assert result.exit_code == 1
    assert "expected no folder or an empty one, received one that holds something" in result.output
    assert [path.name for path in (tmp_path / "exports").iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("output", "received"),
    [
        (__file__, "a file"),
        ("/proc", "one that a filesystem is mounted at: name a folder in it"),
        ("x" * 300, "one that cannot be read (File name too long)"),
    ],
    ids=["a file", "a mount point", "a name that is too long"],
)
def test_a_path_that_no_folder_can_be_renamed_to_is_refused(
    directory: Path, output: str, received: str
):
    result = _export(directory, "--format=onnx", f"--output={output}")

    assert result.exit_code == 1
    assert f"expected no folder or an empty one, received {received}" in result.output


def test_a_version_whose_files_are_not_those_that_were_pushed_is_not_exported(directory: Path):
    (directory / "100" / "saved_model.pb").write_text("another graph")

    result = _export(directory, "--format=onnx", OUTPUT)

    assert result.exit_code == 1
    assert "expected the files that were pushed, received others: saved_model.pb" in result.output
