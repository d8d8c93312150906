"""A run among paths whose signs mean something to globs, URLs, shells and terminals."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.workspaces import Run, Workspace

SIGNS = "#1 %20 {a,b} é'\"&;$~"
WILDCARDS = "[a]*?"


@pytest.fixture(scope="module")
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    workspace = make_workspace(num_train=500, num_test=100)
    folder = workspace.folder
    (folder / "data" / "mnist").rename(folder / "data" / f"mnist {WILDCARDS}{SIGNS}")
    schema = folder / "data" / f"{WILDCARDS}{SIGNS}"
    (folder / "data" / "schema").rename(schema)
    (schema / "schema.pbtxt").rename(schema / f"{WILDCARDS}.pbtxt")
    workspace.settings += [
        f"pipeline_root={folder}/runs/root {SIGNS}",
        f"metadata_path={folder}/runs/{WILDCARDS}{SIGNS}.db",
        f"serving_model_dir={folder}/serving {SIGNS}",
        f"data_root={folder}/data/mnist {WILDCARDS}{SIGNS}",
        f"schema_path={schema}/{WILDCARDS}.pbtxt",
    ]
    return workspace


@pytest.fixture(scope="module")
def first_run(workspace: Workspace) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONIOENCODING", "ascii")
        run = workspace.run()
    assert run.exit_code == 0, run.output
    return run


def _serving(workspace: Workspace) -> Path:
    return workspace.folder / f"serving {SIGNS}"


def test_every_file_is_where_it_was_to_be(first_run: Run, workspace: Workspace):
    runs = workspace.folder / "runs"

    assert {path.name for path in runs.iterdir() if not path.name.endswith(".lock")} == {
        f"root {SIGNS}",
        f"{WILDCARDS}{SIGNS}.db",
    }
    [version] = [path for path in _serving(workspace).iterdir() if path.name.isdigit()]
    assert (version / "saved_model.pb").is_file()
    outcome = (runs / f"root {SIGNS}" / "run.json").read_text(encoding="utf-8")
    assert version.name in outcome
    assert "pushed version" in first_run.output
    assert "\\xe9" in first_run.output


def test_commands_find_it_there(first_run: Run, workspace: Workspace):
    assert first_run.exit_code == 0
    options = workspace.arguments()

    assert "accuracy" in workspace.tfx_mnist("models", *options).stdout
    runs = workspace.tfx_mnist("runs", *options).stdout
    assert "pushed" in " ".join(runs.split())
    [version] = [path for path in _serving(workspace).iterdir() if path.name.isdigit()]
    lineage = workspace.tfx_mnist("lineage", version.name, *options)
    assert "train-images-idx3-ubyte.gz" in lineage.stdout, lineage.stderr


def test_a_second_run_finds_everything_in_the_cache(first_run: Run, workspace: Workspace):
    assert first_run.exit_code == 0

    answer = workspace.tfx_mnist("run", "--recheck", *workspace.arguments())

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "unchanged" in " ".join(
        workspace.tfx_mnist("runs", *workspace.arguments()).stdout.split()
    )
