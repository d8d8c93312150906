"""Runs that are killed or interrupted, and two at once: the next run completes, nothing is lost."""

import json
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forked_runs import ForkedRun, ForkServer
from workspaces import Workspace

NUM_KILLS = 20
DEADLINE_SECONDS = 120


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer() as server:
        yield server


@pytest.fixture
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace(num_train=800, num_test=100)


def _start(server: ForkServer, workspace: Workspace, *more: str) -> ForkedRun:
    settings = [f"--set={setting}" for setting in (*workspace.settings, *more)]
    return server.start(workspace.folder, "run", *settings)


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.01)


def _outcome(workspace: Workspace) -> dict:
    return json.loads((workspace.root / "run.json").read_text())


def _said(run: ForkedRun, text: str) -> Callable[[], bool]:
    return lambda: run.output.exists() and text in run.output.read_text()


def _whole_versions(workspace: Workspace) -> set[str]:
    numbers = {path for path in workspace.serving_model_dir.glob("*") if path.name.isdigit()}
    assert all((path / "saved_model.pb").is_file() for path in numbers)
    return {path.name for path in numbers}


def test_each_of_twenty_random_kills_is_followed_by_a_run_that_completes(
    server: ForkServer, workspace: Workspace
):
    chance = random.Random(20)  # noqa: S311 - the same kills every time
    assert _start(server, workspace).wait() == 0
    node_ids = [node["node_id"] for node in _outcome(workspace)["nodes"]]
    landed = 0
    for attempt in range(NUM_KILLS):
        before = _whole_versions(workspace)
        more = (
            "training.epochs=1",
            f"training.seed={attempt + 100}",  # from the Trainer on, nothing is cached
            f"examples.rows_per_shard={attempt // 4 + 100}",  # and now and then nothing at all
            "thresholds.accuracy=0",
            "thresholds.max_accuracy_drop=1",
        )
        killed = _start(server, workspace, *more)
        _wait_until(_said(killed, f"{chance.choice(node_ids)}: running"))
        time.sleep(chance.uniform(0, 1))  # where in the node the kill lands is the experiment
        killed.send(signal.SIGKILL)
        landed += killed.wait() == -signal.SIGKILL

        completed = _start(server, workspace, *more)

        assert completed.wait() == 0, completed.output.read_text()
        states = {node["node_id"]: node["state"] for node in _outcome(workspace)["nodes"]}
        assert set(states.values()) <= {"complete", "cached"}
        kept = sorted(before, key=int)[-4:]  # five versions are kept, and there is a new one
        assert set(kept) < _whole_versions(workspace)
    assert landed > NUM_KILLS / 2  # a kill within a second of the Pusher's start may come too late


def test_a_kill_in_training_costs_the_epoch_it_was_in_and_no_more(
    server: ForkServer, workspace: Workspace
):
    more = ("training.epochs=12", "training.batch_size_per_replica=8")
    killed = _start(server, workspace, *more)
    _wait_until(_said(killed, "epoch 2/12"))
    killed.send(signal.SIGKILL)
    killed.wait()

    resumed = _start(server, workspace, *more)

    assert resumed.wait() == 0
    output = resumed.output.read_text()
    assert "IdxExampleGen: cached" in output
    assert "epoch 1/12" not in output
    assert "epoch 12/12" in output
    [history] = workspace.root.glob("Trainer/model_run/*/history.json")
    assert [row["epoch"] for row in json.loads(history.read_text())] == list(range(1, 13))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_stops_within_seconds_and_says_how_to_go_on(
    server: ForkServer, workspace: Workspace, number: signal.Signals
):
    more = ("training.epochs=1000",)
    interrupted = _start(server, workspace, *more)
    _wait_until(_said(interrupted, "epoch 1/1000"))
    sent = time.monotonic()
    interrupted.send(number)

    assert interrupted.wait() == 130
    assert time.monotonic() - sent < 60  # 1000 epochs take longer
    assert "the same command goes on from here" in interrupted.output.read_text()
    assert not list((workspace.root / "Trainer" / "model").glob("*"))
    ended = workspace.tfx_mnist("runs").stdout
    assert "interrupted" in ended
    assert "running" not in ended


def test_a_second_run_on_the_same_root_names_the_first_or_waits_for_it(
    server: ForkServer, workspace: Workspace, tmp_path: Path
):
    first = _start(server, workspace)
    _wait_until((workspace.root / ".lock").exists)
    first_output = first.output.rename(tmp_path / "first.txt")

    refused = workspace.run()
    waiting = workspace.run(options=("--wait",))

    assert refused.exit_code == 1
    assert f"another run holds the lock (process {first.pid} on " in refused.output
    assert waiting.exit_code == 0, waiting.output
    assert first.wait() == 0, first_output.read_text()
    assert len(_whole_versions(workspace)) == 1


def test_a_damaged_metadata_file_is_one_clear_error(workspace: Workspace):
    workspace.root.mkdir(parents=True)
    (workspace.root / "metadata.db").write_text("not a database")

    run = workspace.run()

    assert run.exit_code == 1
    assert "metadata.db" in run.output
    assert "Traceback" not in run.output


def test_what_came_of_a_run_is_told_although_run_json_cannot_be_written(
    server: ForkServer, workspace: Workspace
):
    (workspace.root / "run.json").mkdir(parents=True)
    (workspace.root / "metadata.db").write_text("not a database")

    run = _start(server, workspace)

    assert run.wait() == 1
    summary, _, error = run.output.read_text().partition("Error: ")
    assert "FAILED in the runner" in summary
    assert "metadata.db: expected ML Metadata in SQLite" in summary
    assert error.startswith(f"{workspace.root}/run.json: cannot be written")
