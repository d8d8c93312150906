"""Whole runs on this machine: what is pushed, what is reused, and what a person is told."""

import gzip
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.workspaces import Run, Workspace

RESOLVERS = {"previous_statistics_resolver", "latest_blessed_model_resolver"}


@pytest.fixture(scope="module")
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace()


@pytest.fixture(scope="module")
def first_run(workspace: Workspace) -> Run:
    """A run in a new process, as a user starts it."""
    return workspace.run(python=sys.executable)


def _not_cached(run: Run) -> set[str]:
    return {node for node, state in run.states.items() if state != "cached"} - RESOLVERS


def test_first_run_pushes_a_blessed_model(first_run: Run, workspace: Workspace):
    assert first_run.exit_code == 0, first_run.output
    assert set(first_run.states.values()) == {"complete"}
    assert first_run.outcome["blessed"] is True
    assert first_run.outcome["has_baseline"] is False
    [version] = workspace.serving_model_dir.glob("[0-9]*")
    assert (version / "saved_model.pb").is_file()
    assert version.name == first_run.outcome["pushed_version"]


def test_the_summary_names_nodes_metrics_verdict_and_place(first_run: Run, workspace: Workspace):
    output = first_run.output

    assert re.search(r"Trainer +complete +\d+\.\d s", output)
    assert re.search(r"accuracy +all +0\.\d{4} +>= 0\.1000 +400 +ok", output)
    assert re.search(r"accuracy +label 7 +[01]\.\d{4} +>= 0\.0000 +\d+ +ok", output)
    assert "BLESSED: accuracy 0." in output
    assert "no earlier model yet" in output
    assert str(workspace.serving_model_dir) in output


def test_output_without_a_terminal_is_plain_lines(first_run: Run):
    assert "Trainer: running\n  epoch 1/2: loss " in first_run.events
    assert "\x1b" not in first_run.output


def test_the_noise_of_tensorflow_and_tfx_is_in_the_log_only(first_run: Run):
    content = Path(first_run.outcome["log_file"]).read_text()

    assert "Component Trainer is running." in content
    # What C++ writes to the file descriptor differs with the processor; this comes before it.
    assert "absl::InitializeLog()" in content
    assert "absl::InitializeLog()" not in first_run.output


def test_a_run_that_asks_the_cache_has_all_of_it_and_a_terminal_sees_it_live(
    first_run: Run, workspace: Workspace
):
    assert first_run.exit_code == 0
    screen = _run_on_a_terminal(workspace)

    outcome = json.loads((workspace.root / "run.json").read_text())
    states = {node["node_id"]: node["state"] for node in outcome["nodes"]}
    assert {node for node, state in states.items() if state != "cached"} == RESOLVERS
    assert outcome["pushed_version"] == first_run.outcome["pushed_version"]
    assert "loading TensorFlow and TFX" in screen
    assert "waiting" in screen
    assert "\x1b[" in screen


def test_an_edited_trainer_reruns_what_depends_on_it_and_is_held_to_the_baseline(
    first_run: Run, workspace: Workspace
):
    assert first_run.exit_code == 0
    with (workspace.folder / "modules" / "model.py").open("a") as file:
        file.write("\n# edited\n")

    run = workspace.run()

    assert run.exit_code == 0, run.output
    assert _not_cached(run) == {
        "Trainer",
        "Evaluator",
        "ServabilityValidator",
        "Pusher",
        "RunReport",
    }
    assert run.outcome["has_baseline"] is True
    [change] = [c for c in run.outcome["checks"] if c["metric"] == "accuracy change"]
    assert change["value"] == pytest.approx(0.0, abs=1e-6)  # the same seed, the same model


def test_an_edited_contract_reruns_from_the_contract_on(first_run: Run, workspace: Workspace):
    assert first_run.exit_code == 0
    with (workspace.folder / "data" / "schema" / "schema.pbtxt").open("a") as file:
        file.write("\n# reviewed\n")

    run = workspace.run()

    assert "SchemaImporter" in _not_cached(run)
    assert "IdxExampleGen" not in _not_cached(run)


def test_a_model_below_a_threshold_is_refused_by_metric_slice_value_and_bound(
    first_run: Run, workspace: Workspace
):
    pushed_before = sorted(workspace.serving_model_dir.iterdir())

    run = workspace.run("thresholds.accuracy=0.999", "thresholds.class_accuracy=0.999")

    assert run.exit_code == 3
    assert run.outcome["blessed"] is False
    assert re.search(r"NOT BLESSED", run.output)
    assert re.search(r"accuracy of all is 0\.\d{4} < 0\.9990", run.output)
    assert re.search(r"accuracy of label \d is 0\.\d{4} < 0\.9990", run.output)
    assert sorted(workspace.serving_model_dir.iterdir()) == pushed_before
    assert first_run.exit_code == 0


def test_a_truncated_file_fails_the_run_with_one_clear_paragraph(
    make_workspace: Callable[..., Workspace],
):
    workspace = make_workspace(num_train=200, num_test=50)
    path = workspace.folder / "data" / "mnist" / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-5]))

    run = workspace.run()

    assert run.exit_code == 1
    assert "truncated" in workspace.tfx_mnist("runs").stdout
    assert run.outcome["failed_node"] == "IdxExampleGen"
    assert "IdxExampleGen: failed (" in run.output
    assert "FAILED in IdxExampleGen" in run.output
    assert str(path) in run.outcome["cause"]
    assert "Traceback" not in run.output
    assert run.states["IdxExampleGen"] == "failed"
    assert run.states["Trainer"] == "not reached"
    assert not workspace.serving_model_dir.exists()
    assert not list((workspace.root / "IdxExampleGen" / "examples").glob("*"))


def _run_on_a_terminal(workspace: Workspace) -> str:
    """Runs on a pseudo-terminal and returns everything that was drawn."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        workspace.command("run", "--recheck", *workspace.arguments()),
        cwd=workspace.folder,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "120"},
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    drawn = b""
    try:
        while chunk := os.read(ours, 65536):
            drawn += chunk
    except OSError:  # how Linux says that the other side is closed
        pass
    os.close(ours)
    process.wait()
    return drawn.decode()


def test_a_report_that_cannot_be_made_warns_and_the_run_stays_good(
    make_workspace: Callable[..., Workspace],
):
    workspace = make_workspace(num_train=800, num_test=100)
    (workspace.root / "report.html").mkdir(parents=True)

    run = workspace.run()

    assert run.exit_code == 0, run.output
    assert "Warning: the report of this run cannot be made: " in run.output
    assert run.outcome["report_file"] == ""
