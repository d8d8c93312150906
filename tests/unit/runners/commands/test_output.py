"""What commands write where it is not a terminal that takes everything."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from ml_metadata.proto.metadata_store_pb2 import Execution

from components.versioned_directory.versions import Version
from pipeline.config_sources import load_config
from runners.commands.runs import runs
from runners.metadata.connection import sqlite_connection
from support.metadata.recorded_runs import add_node, make_store
from support.programs import TFX_MNIST


def call(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    # By itself a child gets what C libraries have added, too: readline sets COLUMNS.
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return subprocess.run(
        [sys.executable, "-c", TFX_MNIST, *arguments],
        check=False,
        text=True,
        **{"capture_output": True, "env": environment, **options},  # type: ignore[call-overload]
    )


def test_a_pipe_gets_paths_whole(tmp_path: Path):
    folder = tmp_path / ("deep" * 50)

    lines = call("config", "--set", f"data_root={folder}").stdout.splitlines()

    [line] = [line for line in lines if line.startswith("  data_root ")]
    assert str(folder) in line
    assert lines == [line.rstrip() for line in lines]


def test_config_as_yaml_is_what_it_is_read_from(tmp_path: Path):
    overrides = ["training.epochs=7", "exports=[onnx]", f"data_root={tmp_path}/ümlaut"]
    options = [f"--set={override}" for override in overrides]

    text = call("config", "--yaml", *options).stdout

    file = tmp_path / "config.yaml"
    file.write_text(text)
    assert load_config(config_file=str(file)) == load_config(overrides=overrides)
    assert yaml.safe_load(text)["training"]["epochs"] == 7


@pytest.mark.parametrize("encoding", ["ascii", "latin-1:strict"])
def test_what_an_encoding_has_no_sign_for_is_spelt_out(encoding: str):
    answer = call(
        *("config", "--set", "data_root=/ü/Ω"),
        env=os.environ | {"PYTHONIOENCODING": encoding},
        encoding="latin-1",
    )

    assert answer.returncode == 0, answer.stderr
    assert "\\u03a9" in answer.stdout


def test_a_path_that_is_no_text_is_refused_and_spelt_out():
    answer = call("config", "--set", os.fsdecode(b"data_root=/\xff"))

    assert answer.returncode == 2
    assert "data_root=/\\udcff: data_root: " in answer.stderr


@pytest.mark.parametrize("command", ["models", "config"])
def test_an_output_that_is_full_is_one_error(
    command: str, tmp_path: Path, push: Callable[..., Version]
):
    push(tmp_path / "serving", "a")

    with Path("/dev/full").open("w") as full:
        answer = call(
            *(command, f"--set=serving_model_dir={tmp_path / 'serving'}"),
            capture_output=False,
            stdout=full,
            stderr=subprocess.PIPE,
        )

    assert answer.returncode == 1
    assert answer.stderr == "Error: standard output: No space left on device\n"


@pytest.mark.parametrize("columns", [40, 79, 120])
def test_runs_shows_how_each_ended_in_however_few_columns(columns: int, tmp_path: Path):
    path = tmp_path / "metadata.db"
    store = make_store(sqlite_connection(str(path)))
    error = "AnomalyError: refused in 2 places.\n1. The first\n2. The second"
    add_node(store, "20260102T030405.000000Z", "AnomalyGate", Execution.FAILED, error=error)

    shown = (
        CliRunner()
        .invoke(
            runs,
            [f"--mlmd=sqlite://{path}", "--set=pipeline_name=digits"],
            env={"COLUMNS": str(columns)},
        )
        .stdout
    )

    assert "20260102T030405.000000Z" in shown
    assert "failed in AnomalyGate: AnomalyError: refused in 2 places." in " ".join(shown.split())
    assert "The first" not in shown
    assert ("0 cached" in shown) is (columns >= 80)


def test_without_an_output_at_all_a_command_does_its_work():
    answer = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -c "{TFX_MNIST}" config >&-', sys.executable],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (answer.returncode, answer.stderr) == (0, "")
