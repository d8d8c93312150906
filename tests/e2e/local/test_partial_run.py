"""Rerunning a part of the pipeline, and a serving directory that changed between runs."""

import shutil
from collections.abc import Callable

import pytest

from support.workspaces import Run, Workspace


@pytest.fixture(scope="module")
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace(num_train=1000, num_test=200)


@pytest.fixture(scope="module")
def first_run(workspace: Workspace) -> Run:
    refused = workspace.run(options=("--from", "Trainer"))
    assert refused.exit_code == 1
    assert "Run the whole pipeline first" in refused.outcome["cause"]
    return workspace.run()


def test_only_runs_one_node_anew_on_the_last_run_s_outputs(first_run: Run, workspace: Workspace):
    run = workspace.run(options=("--only", "Evaluator"))

    assert first_run.exit_code == 0, first_run.output
    assert run.exit_code == 0, run.output
    assert "DONE; a partial run" in run.output
    assert run.states["Evaluator"] == "complete"
    assert run.states["Pusher"] == "not reached"
    assert run.outcome["metrics"] == pytest.approx(first_run.outcome["metrics"])


def test_a_part_can_run_after_another_part(first_run: Run, workspace: Workspace):
    assert first_run.exit_code == 0
    gate = workspace.run(options=("--only", "AnomalyGate"))

    run = workspace.run(options=("--from", "Evaluator"))

    assert gate.exit_code == 0, gate.output
    assert run.exit_code == 0, run.output
    assert run.states["Pusher"] == "complete"
    assert run.states["Trainer"] in ("cached", "not reached")


def test_an_unknown_node_is_told_the_nodes_there_are(first_run: Run, workspace: Workspace):
    assert first_run.exit_code == 0
    before = (workspace.root / "run.json").read_text()

    run = workspace.run(options=("--only", "Triner"))

    assert run.exit_code == 2
    assert "'Triner' is not one of 'IdxExampleGen', " in run.output
    assert (workspace.root / "run.json").read_text() == before


def test_a_model_that_vanished_from_the_serving_directory_is_pushed_again(
    first_run: Run, workspace: Workspace
):
    assert first_run.exit_code == 0
    shutil.rmtree(workspace.serving_model_dir)

    run = workspace.run()

    assert run.exit_code == 0, run.output
    assert run.states["Trainer"] == "cached"
    assert run.states["Pusher"] == "complete"
    assert (workspace.serving_model_dir / run.outcome["pushed_version"]).is_dir()
    page = (workspace.root / "report.html").read_text()
    assert f"Blessed, and pushed as version {run.outcome['pushed_version']}" in page


def test_a_run_after_a_rollback_says_which_version_is_served(first_run: Run, workspace: Workspace):
    assert first_run.exit_code == 0
    retrained = workspace.run("training.seed=2", "thresholds.max_accuracy_drop=1")
    assert retrained.exit_code == 0, retrained.output
    rolled_back = workspace.tfx_mnist("rollback")
    assert rolled_back.returncode == 0, rolled_back.stderr

    again = workspace.run("training.seed=2", "thresholds.max_accuracy_drop=1")

    assert again.outcome["pushed_version"] == retrained.outcome["pushed_version"]
    assert int(again.outcome["served_version"]) > int(again.outcome["pushed_version"])
    assert f"served is version {again.outcome['served_version']}" in again.output


def test_a_part_of_a_run_shows_what_it_reuses(
    make_workspace: Callable[..., Workspace],
):
    workspace = make_workspace(num_train=800, num_test=100)
    assert workspace.run().exit_code == 0
    for stored in workspace.root.glob("RunReport/report/*/report.json"):
        stored.unlink()

    run = workspace.run(options=("--only", "Evaluator"))

    assert run.exit_code == 0, run.output
    page = (workspace.root / "report.html").read_text()
    assert "Done, as far as it was to go" in page
    assert "The run did not get as far" not in page
    assert "Confusion matrix" in page
