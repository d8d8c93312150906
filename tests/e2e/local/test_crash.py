"""Runs that are killed or interrupted, and two at once: the next run completes, nothing is lost."""

import itertools
import json
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from support.waiting import wait_until
from support.warm_python.processes import WarmProcess
from support.workspaces import Workspace

NUM_RUNS = 5
KILLS_IN_A_RUN = 4
# Powers of ten: a training has some 24,000 of these events, a push 1,700, a report 2,800.
MOST_EVENTS = 4.5
LAST_NODES = {"Pusher", "RunReport"}
MOST_EVENTS_OF_LAST_NODES = 3
MOST_EVENTS_BEFORE_THE_PUSH = 3.3

# Runs the pipeline, and sends itself a signal when it has logged something: at once, or after a
# number of the events that Python's audit tells of: opened, renamed and removed files, started
# processes, imports.
STOPPED = """
import itertools, logging, os, signal, sys
from runners.commands.main import main

number, logged, events = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
left = itertools.count(events, -1)

def stop(*_):
    if next(left) == 0:
        os.kill(os.getpid(), number)

class Watch(logging.Handler):
    def emit(self, record):
        if record.getMessage().startswith(logged):
            sys.addaudithook(stop) if events else stop()

for name in ("absl", "modules.training.progress"):
    logging.getLogger(name).addHandler(Watch())
main(sys.argv[4:])
"""


BY_HAND = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace(num_train=800, num_test=100)


def _start(workspace: Workspace, *more: str) -> WarmProcess:
    return workspace.start("run", *workspace.arguments(*more))


def _start_and_stop(
    workspace: Workspace, number: signal.Signals, logged: str, events: int, *more: str
) -> WarmProcess:
    """Starts a run that gets a signal so many events after it has logged something."""
    return workspace.warm_python.start(
        *("-c", STOPPED, str(int(number)), logged, str(events)),
        *("run", *workspace.arguments(*more)),
        folder=workspace.folder,
        output=workspace.folder / "stopped.txt",
    )


def _run_and_be_killed(workspace: Workspace, logged: str, events: int, *more: str) -> None:
    killed = _start_and_stop(workspace, signal.SIGKILL, logged, events, *more)
    assert killed.wait() == -signal.SIGKILL, killed.output.read_text()


def _outcome(workspace: Workspace) -> dict:
    return json.loads((workspace.root / "run.json").read_text())


def _whole_versions(workspace: Workspace) -> set[str]:
    numbers = {path for path in workspace.serving_model_dir.glob("*") if path.name.isdigit()}
    assert all((path / "saved_model.pb").is_file() for path in numbers)
    return {path.name for path in numbers}


def test_after_each_of_twenty_random_kills_the_next_run_gets_further_and_in_the_end_completes(
    workspace: Workspace,
):
    chance = random.Random(20)  # noqa: S311 - the same kills every time
    assert _start(workspace).wait() == 0
    node_ids = [node["node_id"] for node in _outcome(workspace)["nodes"]]
    for number in range(NUM_RUNS):
        before = _whole_versions(workspace)
        more = (
            "training.epochs=1",
            f"training.seed={number + 100}",  # from the Trainer on, nothing is cached
            f"examples.rows_per_shard={number // 2 + 100}",  # and now and then nothing at all
            "thresholds.accuracy=0",
            "thresholds.max_accuracy_drop=1",
        )
        kept = sorted(before, key=int)[-4:]  # five versions are kept, and there is a new one
        for index in sorted(chance.sample(range(len(node_ids)), KILLS_IN_A_RUN)):
            is_last = node_ids[index] in LAST_NODES
            most = MOST_EVENTS_OF_LAST_NODES if is_last else MOST_EVENTS
            events = int(10 ** chance.uniform(0, most))
            start = f"Component {node_ids[index]} is running."
            _run_and_be_killed(workspace, start, events, *more)
            assert set(kept) <= _whole_versions(workspace)

        completed = _start(workspace, *more)

        assert completed.wait() == 0, completed.output.read_text()
        states = {node["node_id"]: node["state"] for node in _outcome(workspace)["nodes"]}
        assert set(states.values()) <= {"complete", "cached"}
        assert set(kept) < _whole_versions(workspace)


def test_a_kill_in_training_costs_the_epoch_it_was_in_and_no_more(
    workspace: Workspace,
):
    more = ("training.epochs=4",)
    _run_and_be_killed(workspace, "Epoch 2/4: ", 0, *more)

    resumed = _start(workspace, *more)

    assert resumed.wait() == 0
    output = resumed.output.read_text()
    assert "IdxExampleGen: cached" in output
    assert "epoch 1/4" not in output
    assert "epoch 4/4" in output
    [history] = workspace.root.glob("Trainer/model_run/*/history.json")
    assert [row["epoch"] for row in json.loads(history.read_text())] == [1, 2, 3, 4]


@pytest.mark.parametrize("number", BY_HAND)
def test_an_interrupted_run_stops_within_seconds_and_says_how_to_go_on(
    workspace: Workspace, number: signal.Signals
):
    more = ("training.epochs=1000",)
    interrupted = _start_and_stop(workspace, number, "Epoch 1/1000: ", 0, *more)

    assert interrupted.wait() == 130, interrupted.output.read_text()
    assert "epoch 2/1000" not in interrupted.output.read_text()
    assert "the same command goes on from here" in interrupted.output.read_text()
    assert ">Interrupted in Trainer</h2>" in (workspace.root / "report.html").read_text()
    assert not list((workspace.root / "Trainer" / "model").glob("*"))
    ended = workspace.tfx_mnist("runs").stdout
    assert "interrupted" in ended
    assert "running" not in ended


def test_an_interrupt_at_any_moment_of_any_node_is_no_failure(workspace: Workspace):
    chance = random.Random(14)  # noqa: S311 - the same moments every time
    moments = [
        (node, 10 ** chance.uniform(0, MOST_EVENTS_BEFORE_THE_PUSH))
        for node in ("IdxExampleGen", "IdxExampleGen", "StatisticsGen", "Transform", "Evaluator")
    ]
    for number, (node, events) in zip(itertools.cycle(BY_HAND), moments, strict=False):
        start = f"Component {node} is running."
        interrupted = _start_and_stop(workspace, number, start, int(events))

        assert interrupted.wait() == 130, (node, events, interrupted.output.read_text())
        assert "the same command goes on from here" in interrupted.output.read_text()
        assert "FAILED" not in interrupted.output.read_text()
        assert "failed" not in workspace.tfx_mnist("runs").stdout

    assert _start(workspace).wait() == 0


def test_a_second_run_on_the_same_root_names_the_first_or_waits_for_it(
    workspace: Workspace, tmp_path: Path
):
    first = _start(workspace)
    wait_until((workspace.root / ".lock").exists)
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
    workspace: Workspace,
):
    (workspace.root / "run.json").mkdir(parents=True)
    (workspace.root / "metadata.db").write_text("not a database")

    run = _start(workspace)

    assert run.wait() == 1
    summary, _, error = run.output.read_text().partition("\nError: ")
    assert "FAILED in the runner" in summary
    assert "metadata.db: expected ML Metadata in SQLite" in summary
    assert error.startswith(f"{workspace.root}/run.json: cannot be written")
