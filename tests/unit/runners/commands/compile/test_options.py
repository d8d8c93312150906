"""`tfx-mnist compile` where its output cannot be written."""

import importlib.util
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from runners.commands.compile.group import compile_group
from runners.commands.compile.options import write_files
from support.project import PROJECT

WHAT_TO_DO = "Let --output lead to a folder where you may write and there is room"
NEEDS_KFP = pytest.mark.skipif(
    importlib.util.find_spec("kfp") is None, reason="kfp installs on Python 3.11 only"
)


@pytest.mark.parametrize(
    ("command", "settings", "file"),
    [
        ("airflow", "airflow/kubernetes.yaml", ""),
        pytest.param("kubeflow", "kubeflow/settings.yaml", "digits.yaml", marks=NEEDS_KFP),
        pytest.param("vertex", "vertex/settings.yaml", "digits.json", marks=NEEDS_KFP),
    ],
)
@pytest.mark.parametrize("folder", ["file", "file/folder"])
def test_a_file_in_place_of_a_folder_is_one_message(
    tmp_path: Path, command: str, settings: str, file: str, folder: str
):
    (tmp_path / "file").write_text("what was there before")

    answer = CliRunner().invoke(
        compile_group,
        [
            command,
            *("--settings", str(PROJECT / "deploy" / settings)),
            *("--output", str(tmp_path / folder / file)),
        ],
    )

    assert answer.exit_code == 1, answer.output
    assert answer.output.startswith(f"Error: {tmp_path / folder}: cannot be written: ")
    assert WHAT_TO_DO in answer.output
    assert (tmp_path / "file").read_text() == "what was there before"


def test_a_file_that_cannot_be_replaced_is_one_message(tmp_path: Path):
    path = tmp_path / "digits.yaml"
    path.mkdir()

    with pytest.raises(click.ClickException, match=WHAT_TO_DO) as caught:
        write_files(path, "content")

    assert caught.value.message.startswith(f"{path}: cannot be written: Is a directory.")
    assert [each.name for each in tmp_path.iterdir()] == ["digits.yaml"]
