"""Workers take steps on weights that servers hold: which, at what rate, and what if one is lost."""

import itertools
import json
import logging
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft

from modules.batches import make_evaluation_batches
from modules.data_spec import DataSpec
from modules.distribution import watchdog
from modules.distribution.cluster import Cluster
from modules.distribution.launch import train_apart
from modules.distribution.members.causes import ClusterFault
from modules.distribution.parameter_server import make_parameter_server
from modules.examples import read_examples
from modules.hyperparameters import Hyperparameters
from modules.model import build_model, compile_model
from modules.training.checkpoints import Checkpoints
from support.distribution.by_hand import WITH_SUPPORT, run_by_hand
from support.distribution.clusters import children
from support.distribution.one_process import (
    EPOCHS,
    INITIAL_EPOCH,
    NUM_ROWS,
    NUM_WORKERS,
    STEPS_PER_EPOCH,
    VALIDATED,
    rate_of_step,
)
from support.free_ports import find_free_addresses
from support.trainings import Inputs, Training
from support.waiting import DEADLINE_SECONDS

METRICS = {"loss", "accuracy", "val_loss", "val_accuracy"}
SERVED = {"strategy": "parameter_server", "worker_timeout_seconds": DEADLINE_SECONDS}


@pytest.fixture(autouse=True)
def _nobody_is_left() -> Iterator[None]:
    before = children()
    yield
    assert children() <= before


@pytest.fixture(scope="module")
def learned() -> dict[str, Any]:
    """Returns what a cluster within one process learned from the rows of the identity."""
    return run_in_one_process()


@pytest.fixture(scope="module")
def trained(training_inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """Returns a finished training of one worker, which has nobody to share the weights with."""
    folder = tmp_path_factory.mktemp("served") / "training"
    return Training(training_inputs, folder, **SERVED, workers=1, parameter_servers=2).run()


def test_each_step_learns_at_the_rate_of_its_number(learned: dict[str, Any]):
    """Also where the optimizer does not know how often it was applied."""
    for epoch, moved in zip(range(INITIAL_EPOCH, EPOCHS), moves(learned), strict=True):
        first = epoch * STEPS_PER_EPOCH
        rates = [rate_of_step(step) for step in range(first, first + STEPS_PER_EPOCH)]
        assert sorted(moved.values()) == rates


def test_each_worker_takes_its_own_batches_in_their_order(learned: dict[str, Any]):
    used = {row for moved in moves(learned) for row in moved}

    for worker in range(NUM_WORKERS):
        own = [row in used for row in range(worker, NUM_ROWS, NUM_WORKERS)]
        assert own == sorted(own, reverse=True)


def test_callbacks_are_told_the_means_over_all_steps_and_all_of_the_validation(
    learned: dict[str, Any],
):
    assert learned["steps"] == [*range(STEPS_PER_EPOCH)] * (EPOCHS - INITIAL_EPOCH)
    assert [logs.pop("epoch") for logs in learned["epochs"]] == [*range(INITIAL_EPOCH, EPOCHS)]
    for logs, moved, weights in zip(
        learned["epochs"], moves(learned), learned["weights"][1:], strict=True
    ):
        # A row was worth its index when it was used, and none was used twice.
        mean = np.mean(list(moved))
        validated = np.mean(VALIDATED) * sum(weights)
        assert logs == {
            "loss": pytest.approx(mean),
            "mean_absolute_error": pytest.approx(mean),
            "val_loss": pytest.approx(validated, rel=1e-5),
            "val_mean_absolute_error": pytest.approx(abs(validated), rel=1e-5),
        }


def test_step_is_one_workers_batch(learned: dict[str, Any]):
    assert learned["num_replicas"] == 1


def test_step_that_does_not_end_ends_the_chief(tmp_path: Path):
    fifo = tmp_path / "never_written"
    os.mkfifo(fifo)

    process = start_in_one_process(str(fifo))

    assert process.returncode == watchdog.EXIT_CODE, process.stderr
    assert "Got no further within 1 s " in process.stderr
    assert "(training.worker_timeout_seconds)" in process.stderr


def test_one_worker_learns_what_one_device_does(
    trained: Training, training_inputs: Inputs, tmp_path: Path
):
    alone = Training(training_inputs, tmp_path / "alone", strategy="one_device").run()

    # The same bits here; a processor may round otherwise where operations are put together.
    for row, of_device in zip(trained.history, alone.history, strict=True):
        assert row == pytest.approx(of_device, abs=1e-3)


def test_chief_leaves_all_that_a_training_leaves(trained: Training, training_inputs: Inputs):
    assert [row["epoch"] for row in trained.history] == [1, 2]
    assert_best_weights_are_those_of_history(trained.weights, trained, training_inputs)
    for part in ("train", "validation"):
        assert len(list(trained.model_run_dir.glob(f"{part}/events.out.tfevents.*"))) == 1
    assert list(trained.backup.iterdir()) == []
    served = tf.saved_model.load(str(trained.serving_model_dir)).signatures["serve_images"]
    assert served(images=np.zeros((1, 28, 28), np.uint8))["probabilities"].shape == (1, 10)


def test_log_of_each_member_is_kept_and_the_chief_ends_without_a_complaint(trained: Training):
    logs = {path.name: path.read_text() for path in trained.model_run_dir.glob("*.log")}

    names = ("chief-0", "worker-0", "ps-0", "ps-1")
    assert logs.keys() == {f"{name}.log" for name in names}
    assert "Epoch 2/2: loss" in logs["chief-0.log"]
    assert "Failed to remove function" not in logs["chief-0.log"]


def test_lost_server_costs_the_epoch_and_a_lost_worker_nothing(
    training_inputs: Inputs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    # One more than is lost, since TensorFlow may contradict itself: see docs/training.md.
    settings = {**SERVED, "workers": 2, "epochs": 3, "restarts": 2}
    training = Training(training_inputs, tmp_path / "training", **settings)
    training.make_folders()
    monkeypatch.setenv("PYTHONPATH", WITH_SUPPORT["PYTHONPATH"])
    caplog.set_level(logging.WARNING, logger="modules")

    train_apart(training.job, train="support.distribution.losses:lose_a_server_then_a_worker")

    lost_server, lost_worker = [text for text in caplog.messages if "InternalError" not in text]
    assert lost_server.startswith("ps 0 was killed by signal 9 (Killed). Log: ")
    assert re.search(r"again after epoch 1, restart \d of 2", lost_server)
    assert lost_worker.startswith("worker 1 was killed by signal 9 (Killed). Log: ")
    assert lost_worker.endswith("The others go on without it.")
    log = (training.model_run_dir / "chief-0.log").read_text()
    assert "what was learned since the end of epoch 1 has to be learned again" in log
    assert "Going on after epoch 1/3" in log
    assert [row["epoch"] for row in training.history] == [1, 2, 3]
    model = build_model(training.hyperparameters, DataSpec())
    Checkpoints(training.job.checkpoint_dir).restore_best_weights(model)
    assert_best_weights_are_those_of_history(model.get_weights(), training, training_inputs)


def test_server_that_is_stopped_is_named_once_the_chief_has_waited_long_enough(
    training_inputs: Inputs, tmp_path: Path
):
    settings = {**SERVED, "workers": 1, "worker_timeout_seconds": 5}
    training = Training(training_inputs, tmp_path / "stopped", **settings)
    addresses = {task: find_free_addresses(1) for task in ("chief", "worker", "ps")}

    with pytest.raises(ClusterFault, match=r"^ps 0 did not answer: stopped by a signal") as fault:
        run_by_hand(
            training, addresses, "support.distribution.losses:stop_a_server", settle_seconds=0.01
        )

    assert fault.value.may_pass
    # Where TensorFlow waits without letting anybody else run, the log says so by a traceback.
    log = (training.folder / "chief-0.log").read_text()
    assert "Got no further within 5 s" in log or "in stop_a_server" in log


@pytest.mark.parametrize("counts", [{"workers": 2}, {"parameter_servers": 2}])
def test_cluster_of_another_size_than_the_settings_is_refused(
    monkeypatch: pytest.MonkeyPatch, counts: dict[str, int]
):
    addresses = {task: [f"127.0.0.1:{port}"] for port, task in enumerate(("chief", "worker", "ps"))}
    for name, value in Cluster(addresses=addresses, task="chief", index=0).to_environment().items():
        monkeypatch.setenv(name, value)
    settings = {"strategy": "parameter_server", "workers": 1, **counts}

    with pytest.raises(ValueError, match=r"training\.workers and training\.parameter_servers"):
        make_parameter_server(Hyperparameters.model_validate(settings))


def run_in_one_process() -> dict[str, Any]:
    process = start_in_one_process()
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def start_in_one_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "support.distribution.one_process", *arguments],
        env=WITH_SUPPORT,
        capture_output=True,
        text=True,
        check=False,
    )


def moves(learned: dict[str, Any]) -> Iterator[dict[int, float]]:
    """Yields how far each row's weight went down in an epoch, of those that moved at all."""
    for before, after in itertools.pairwise(learned["weights"]):
        both = enumerate(zip(before, after, strict=True))
        yield {row: one - other for row, (one, other) in both if one != other}


def assert_best_weights_are_those_of_history(
    weights: list[np.ndarray], training: Training, inputs: Inputs
) -> None:
    assert all(row.keys() == METRICS | {"epoch"} for row in training.history)
    assert all(math.isfinite(row[name]) for row in training.history for name in METRICS)
    best = max(training.history, key=lambda row: row["val_accuracy"])
    hyperparameters = training.hyperparameters
    model = build_model(hyperparameters, DataSpec())
    compile_model(model, hyperparameters, steps_per_epoch=1)
    model.set_weights(weights)
    examples = read_examples(
        training.arguments["eval_files"],
        tft.TFTransformOutput(str(inputs.transform_graph)),
        num_classes=DataSpec().num_classes,
        most_bytes=hyperparameters.cache_bytes,
    )
    batches = make_evaluation_batches(examples, num_replicas=1)
    evaluated = model.evaluate(batches, return_dict=True, verbose=0)
    for name, value in evaluated.items():
        assert best[f"val_{name}"] == pytest.approx(value, rel=1e-4)
