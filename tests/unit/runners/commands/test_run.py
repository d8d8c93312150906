"""`tfx-mnist run` on inputs that no node needs to look at to see that they are wrong."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.project import PROJECT

CONTRACT = PROJECT / "data" / "schema" / "schema.pbtxt"
_RUN = """
import os, sys
from runners.commands import main

def end(code):
    heavy = {"tensorflow", "tfx", "apache_beam", "ml_metadata"} & set(sys.modules)
    sys.stderr.write(f"exit {code}, heavy imports: {sorted(heavy)}")
    sys.stderr.flush()
    leave(code)

leave, os._exit = os._exit, end
main.main()
"""


@pytest.fixture
def folder(tmp_path: Path, mnist_idx_folder: Callable[..., Path]) -> Path:
    return mnist_idx_folder(tmp_path / "in", num_train=3, num_test=2, compress=False)


def _run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    root = f"--set=pipeline_root={tmp_path / 'root'}"
    return subprocess.run(
        [sys.executable, "-c", _RUN, "run", root, f"--set=schema_path={CONTRACT}", *arguments],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["data_root={tmp_path}/none"], "{tmp_path}/none: expected a folder with the four files"),
        (["data_root={tmp_path}"], "{tmp_path}: expected the four files of an IDX data set"),
        (
            ["data_root={tmp_path}/in", "data.num_classes=2"],
            "train-labels-idx1-ubyte: expected labels from 0 to 1, received 5 in row 0",
        ),
        (
            ["data_root={tmp_path}/in", "schema_path={tmp_path}/none"],
            "{tmp_path}/none: the data contract is missing. Set schema_path",
        ),
        (
            ["data_root={tmp_path}/in", "schema_path={tmp_path}/in/t10k-labels-idx1-ubyte"],
            "t10k-labels-idx1-ubyte: expected a schema in protobuf text format",
        ),
        (
            ["data_root={tmp_path}/in", "schema_path={tmp_path}/in"],
            "{tmp_path}/in: expected the data contract, received a path that cannot be read",
        ),
    ],
)
@pytest.mark.usefixtures("folder")
def test_wrong_paths_and_files_are_told_before_tensorflow_is_loaded(
    settings: list[str], expected: str, tmp_path: Path
):
    options = [f"--set={setting.format(tmp_path=tmp_path)}" for setting in settings]

    answer = _run(tmp_path, *options)

    assert answer.stderr == "exit 1, heavy imports: []"
    assert "FAILED in inputs" in answer.stdout
    assert expected.format(tmp_path=tmp_path) in answer.stdout
    outcome = json.loads((tmp_path / "root" / "run.json").read_text())
    assert expected.format(tmp_path=tmp_path) in outcome["cause"]
    assert (outcome["exit_code"], outcome["nodes"], outcome["failed_node"]) == (1, [], "inputs")
    [log] = (tmp_path / "root" / "logs").iterdir()
    assert outcome["cause"] in log.read_text()


def test_a_pipe_in_place_of_the_contract_is_not_waited_for(tmp_path: Path, folder: Path):
    os.mkfifo(tmp_path / "schema.pbtxt")

    answer = _run(
        tmp_path, f"--set=data_root={folder}", f"--set=schema_path={tmp_path}/schema.pbtxt"
    )

    assert answer.stderr == "exit 1, heavy imports: []"
    assert "received a path that cannot be read (it is no file)" in answer.stdout


@pytest.mark.parametrize(
    ("option", "key"),
    [("--from=Tuner", "tuning.enabled"), ("--only=ModelExporter", "exports")],
)
def test_node_that_is_only_there_on_request_is_told_with_what_asks_for_it(
    option: str, key: str, tmp_path: Path
):
    answer = _run(tmp_path, option)

    assert f"which has this one only if {key} asks for it" in answer.stderr
    assert answer.returncode == 2
