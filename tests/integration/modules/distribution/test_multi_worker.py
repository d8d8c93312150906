"""Several worker processes train one model: to which weights, and what happens when one is lost."""

import contextlib
import json
import logging
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from modules.data_spec import DataSpec
from modules.distribution.launch import train_apart
from modules.distribution.members.causes import ClusterFault
from modules.distribution.strategy import make_distribution
from modules.hyperparameters import Hyperparameters
from modules.model import build_model
from modules.training.checkpoints import Checkpoints
from modules.training.reference_predictions import read_reference_predictions
from support.distribution import losses, worker_trainings
from support.distribution.by_hand import WITH_SUPPORT, run_by_hand
from support.distribution.clusters import children
from support.distribution.platform import start_all
from support.free_ports import find_free_addresses
from support.project import PROJECT
from support.trainings import Inputs, Training
from support.waiting import DEADLINE_SECONDS, wait_until
from support.warm_python.processes import WarmPython

SEVERAL = {"strategy": "multi_worker_mirrored", "worker_timeout_seconds": DEADLINE_SECONDS}
TWO_WORKERS = {**SEVERAL, "workers": 2, "batch_size_per_replica": 8}
THREE_WORKERS = {**SEVERAL, "workers": 3, "batch_size_per_replica": 5}

KEEP_WEIGHTS = f"{worker_trainings.__name__}:{worker_trainings.train_and_keep_weights.__name__}"
FAIL_ON_TWO_DEVICES = f"{worker_trainings.__name__}:{worker_trainings.fail_on_two_devices.__name__}"
CONTRADICT = f"{worker_trainings.__name__}:{worker_trainings.contradict.__name__}"
HANG = f"{worker_trainings.__name__}:{worker_trainings.hang_unless_chief.__name__}"

CLUSTER_OF_THREE = {
    "cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"]},
    "task": {"type": "worker", "index": 0},
}
LOSE_WORKERS = f"{losses.__name__}:{losses.lose_each_worker_in_turn.__name__}"
LOSE_PARENT = f"{losses.__name__}:{losses.lose_the_parent.__name__}"
TRAIN = """
import sys
from modules.distribution.launch import train_apart
from modules.distribution.members.causes import ClusterFault
from modules.training.job import TrainingJob
train_apart(TrainingJob.read(sys.argv[1]), train=sys.argv[2])
"""


@pytest.fixture(autouse=True)
def _log_what_modules_do(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Lets tests read the log, and holds that no process is left behind."""
    caplog.set_level(logging.INFO, logger="modules")
    before = children()
    yield
    assert children() <= before


@pytest.fixture(scope="module")
def two_workers(training_inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """Returns a finished training of two workers."""
    folder = tmp_path_factory.mktemp("two_workers") / "training"
    return Training(training_inputs, folder, **TWO_WORKERS).run()


@pytest.fixture(scope="module")
def on_devices(
    training_inputs: Inputs, tmp_path_factory: pytest.TempPathFactory, warm_python: WarmPython
) -> dict[int, Training]:
    """Returns finished trainings by their number of devices, each in one process."""
    folder = tmp_path_factory.mktemp("on_devices")
    trainings = {
        2: Training(training_inputs, folder / "two", **TWO_WORKERS),
        3: Training(training_inputs, folder / "three", **THREE_WORKERS),
    }
    for training in trainings.values():
        process = subprocess.run(
            [
                warm_python.executable,
                "-m",
                worker_trainings.__name__,
                training.write_job(),
            ],
            cwd=PROJECT / "tests",
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stderr
    return trainings


def test_two_workers_learn_what_two_devices_of_one_process_do(
    two_workers: Training, on_devices: dict[int, Training]
):
    assert two_workers.history == on_devices[2].history
    assert_equal(two_workers.weights, best_weights(on_devices[2]))


def test_chief_alone_leaves_all_that_a_training_leaves(two_workers: Training):
    assert [row["epoch"] for row in two_workers.history] == [1, 2]
    assert len(list(two_workers.model_run_dir.glob("train/events.out.tfevents.*"))) == 1
    assert list(two_workers.backup.iterdir()) == []
    images, probabilities = read_reference_predictions(str(two_workers.model_run_dir))
    assert len(images) == len(probabilities) == 32
    assert (two_workers.serving_model_dir / "saved_model.pb").exists()


def test_log_of_each_worker_is_kept_with_the_run(two_workers: Training):
    logs = {path.name: path.read_text() for path in two_workers.model_run_dir.glob("*.log")}

    assert logs.keys() == {"worker-0.log", "worker-1.log"}
    assert "Epoch 2/2: loss" in logs["worker-0.log"]


@pytest.fixture(scope="module")
def three_workers(training_inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """Returns a finished training of three workers, each of which has left its weights."""
    folder = tmp_path_factory.mktemp("three_workers") / "training"
    training = Training(training_inputs, folder, **THREE_WORKERS)
    training.make_folders()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", WITH_SUPPORT["PYTHONPATH"])
        train_apart(training.job, train=KEEP_WEIGHTS)
    return training


def test_three_workers_hold_the_same_weights(
    three_workers: Training, on_devices: dict[int, Training]
):
    first, *others = [
        list(np.load(three_workers.model_run_dir / f"weights-{index}.npz").values())
        for index in range(3)
    ]
    for other in others:
        assert_equal(first, other)
    # Three parts of a gradient may be added up in another order, which rounds otherwise.
    for row, of_devices in zip(three_workers.history, on_devices[3].history, strict=True):
        assert row == pytest.approx(of_devices, abs=1e-4)
    for one, of_devices in zip(
        best_weights(three_workers), best_weights(on_devices[3]), strict=True
    ):
        np.testing.assert_allclose(one, of_devices, atol=1e-4)


def test_exchanges_between_workers_leave_no_threads(three_workers: Training):
    """With a time-out in TensorFlow, each of the dozens in a step would leave one that sleeps."""
    names = (three_workers.model_run_dir / "threads-1.txt").read_text().splitlines()
    num_steps = 2 * (378 // 15)

    assert "tf_Compute" in names  # TensorFlow's threads do have their names
    assert names.count("collective_ops") < num_steps


def test_killed_workers_are_named_and_the_next_try_ends_as_if_they_had_not_been(
    two_workers: Training,
    training_inputs: Inputs,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    training = Training(training_inputs, tmp_path / "killed", **TWO_WORKERS, restarts=2)
    training.make_folders()
    monkeypatch.setenv("PYTHONPATH", WITH_SUPPORT["PYTHONPATH"])

    train_apart(training.job, train=LOSE_WORKERS)

    warnings = [text for text in caplog.messages if "again after epoch 1" in text]
    for name, number, warning in zip(("worker 1", "worker 0"), (1, 2), warnings, strict=True):
        assert warning.startswith(f"{name} was killed by signal 9 (Killed). Log: ")
        assert f"restart {number} of 2" in warning
    assert training.history == two_workers.history
    assert_equal(best_weights(training), two_workers.weights)


def test_training_whose_parent_was_killed_goes_on_and_ends_as_if_it_had_not_been(
    two_workers: Training,
    training_inputs: Inputs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    training = Training(training_inputs, tmp_path / "killed", **TWO_WORKERS)
    monkeypatch.setenv("PYTHONPATH", WITH_SUPPORT["PYTHONPATH"])
    parent = [sys.executable, "-c", TRAIN, training.write_job(), LOSE_PARENT]

    process = subprocess.run(parent, check=False, capture_output=True, text=True)

    assert process.returncode == -signal.SIGKILL, process.stderr
    wait_until(lambda: not processes_with(training.job.checkpoint_dir), "its workers to end")
    train_apart(training.job, train=LOSE_PARENT)
    log = (training.model_run_dir / "worker-1.log").read_text()
    assert "Going on after epoch 1/2" in log
    assert training.history == two_workers.history
    assert_equal(best_weights(training), two_workers.weights)


def test_worker_that_hangs_says_where_once_it_has_waited_long_enough(
    training_inputs: Inputs, tmp_path: Path
):
    waits = {**TWO_WORKERS, "worker_timeout_seconds": 10}
    training = Training(training_inputs, tmp_path / "hanging", **waits)

    said = r"worker 1 lost the others: .*Got no further within 10 s while it read its data"
    with pytest.raises(ClusterFault, match=said) as fault:
        run_by_hand(training, {"worker": find_free_addresses(2)}, HANG)

    assert fault.value.may_pass
    assert str(training.folder / "worker-1.log") in str(fault.value)


def test_port_that_is_taken_is_named(training_inputs: Inputs, tmp_path: Path):
    training = Training(training_inputs, tmp_path / "taken", **TWO_WORKERS)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        addresses = [f"127.0.0.1:{port}", *find_free_addresses(1)]

        with pytest.raises(ClusterFault) as fault:
            run_by_hand(training, {"worker": addresses}, "modules.trainer:train")

    assert f"worker 0 failed: OSError: 127.0.0.1:{port}: " in str(fault.value)
    assert fault.value.may_pass  # a restart listens elsewhere


def test_error_on_several_devices_is_told_by_the_first(training_inputs: Inputs, tmp_path: Path):
    training = Training(training_inputs, tmp_path / "failed", strategy="mirrored", logical_cpus=2)

    said = r"failed: InvalidArgumentError: \(0\) INVALID_ARGUMENT: +Input to DecodeRaw has length 3"
    with pytest.raises(ClusterFault, match=said) as fault:
        run_by_hand(training, {"worker": find_free_addresses(1)}, FAIL_ON_TWO_DEVICES)

    assert not fault.value.may_pass


def test_contradiction_of_tensorflow_may_pass(training_inputs: Inputs, tmp_path: Path):
    training = Training(training_inputs, tmp_path / "contradicted", **TWO_WORKERS)

    with pytest.raises(ClusterFault, match="failed: InternalError: the worker does not") as fault:
        run_by_hand(training, {"worker": find_free_addresses(2)}, CONTRADICT)

    assert fault.value.may_pass


def test_where_a_platform_has_started_the_workers_each_takes_its_role_and_starts_none(
    two_workers: Training, training_inputs: Inputs, tmp_path: Path
):
    training = Training(training_inputs, tmp_path / "platform", **TWO_WORKERS)

    ended = start_all(training, {"chief": 1, "worker": 1})

    assert [each.exit_code for each in ended.values()] == [0, 0], ended
    assert (training.serving_model_dir / "saved_model.pb").exists()
    assert list(training.backup.iterdir()) == []
    # No worker was started that would have left its log.
    assert list(training.model_run_dir.glob("*.log")) == []
    assert training.history == two_workers.history
    assert_equal(training.weights, two_workers.weights)


def processes_with(text: str) -> list[int]:
    """Returns the processes of this machine in whose command line a text stands."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it may end meanwhile
            if text in (folder / "cmdline").read_text():
                found.append(int(folder.name))
    return found


def best_weights(training: Training) -> list[np.ndarray]:
    model = build_model(training.hyperparameters, DataSpec())
    Checkpoints(training.job.checkpoint_dir).restore_best_weights(model)
    return model.get_weights()


def assert_equal(one: list[np.ndarray], other: list[np.ndarray]) -> None:
    for weights, others in zip(one, other, strict=True):
        np.testing.assert_array_equal(weights, others)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected who trains together"),
        (json.dumps(CLUSTER_OF_THREE), "expected the 2 workers of training.workers, received 3"),
    ],
)
def test_cluster_that_does_not_fit_the_configuration_is_refused(
    text: str, message: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TF_CONFIG", text)

    with pytest.raises(ValueError, match=f"TF_CONFIG: {message}"):
        make_distribution(Hyperparameters.model_validate(TWO_WORKERS))


def test_strategy_of_one_process_is_refused_in_a_cluster(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TF_CONFIG", json.dumps(CLUSTER_OF_THREE))

    with pytest.raises(ValueError, match="strategy=mirrored, received a cluster of 3"):
        make_distribution(Hyperparameters())
