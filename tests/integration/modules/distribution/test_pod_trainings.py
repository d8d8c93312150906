"""Real trainings whose workers are pods: what they learn, also when one is lost, and leave."""

import logging
from pathlib import Path

import numpy as np
import pytest

from modules.data_spec import DataSpec
from modules.distribution.launch import train_apart
from modules.model import build_model
from modules.training.checkpoints import Checkpoints
from support.distribution import losses
from support.distribution.by_hand import WITH_SUPPORT
from support.kubernetes.stand_in import KubernetesStandIn
from support.trainings import Inputs, Training
from support.waiting import DEADLINE_SECONDS

IN_PODS = {"run_workers_in": "pods", "worker_timeout_seconds": DEADLINE_SECONDS}
LOSE_POD = f"{losses.__name__}:{losses.lose_a_pod.__name__}"


def test_two_pods_one_of_which_is_killed_learn_the_weights_of_two_devices(
    kubernetes: KubernetesStandIn,
    training_inputs: Inputs,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    caplog.set_level(logging.INFO, logger="modules")
    monkeypatch.setenv("PYTHONPATH", WITH_SUPPORT["PYTHONPATH"])
    # The chief tells of one step in twenty: with 23, the kill is in the middle of the epoch.
    small = {"batch_size_per_replica": 8}
    settings = {**IN_PODS, "strategy": "multi_worker_mirrored", "workers": 2, "restarts": 1}
    pods = Training(training_inputs, tmp_path / "two_pods", **settings, **small)
    devices = Training(training_inputs, tmp_path / "two_devices", logical_cpus=2, **small)
    pods.make_folders()

    train_apart(pods.job, train=LOSE_POD)
    process = devices.run_apart()

    assert process.returncode == 0, process.stderr
    [warning] = [text for text in caplog.messages if "Starting all workers again" in text]
    assert "worker 1 (pod tfx-training-" in warning
    assert " was killed by signal 9 (Killed). Log: " in warning
    assert "again after epoch 1, restart 1 of 1" in warning
    assert pods.history == devices.history
    model = build_model(pods.hyperparameters, DataSpec())
    Checkpoints(pods.job.checkpoint_dir).restore_best_weights(model)
    for of_pods, of_devices in zip(model.get_weights(), devices.weights, strict=True):
        np.testing.assert_array_equal(of_pods, of_devices)
    epochs = [message for message in caplog.messages if message.startswith("Epoch ")]
    assert [epoch.partition(":")[0] for epoch in epochs] == ["Epoch 1/2", "Epoch 2/2"]
    for worker in (0, 1):
        log = (pods.model_run_dir / f"worker-{worker}.log").read_text(encoding="utf-8")
        assert f"worker {worker}: waiting" in log
        assert "Going on after epoch 1/2" in log
    needed_after_a_minute = {("patch", "jobs")}
    assert set(kubernetes.requests) | needed_after_a_minute == kubernetes.rights


@pytest.mark.usefixtures("kubernetes")
def test_a_parameter_server_in_a_pod_has_a_worker_train_up_to_the_export(
    training_inputs: Inputs, tmp_path: Path
):
    settings = {**IN_PODS, "strategy": "parameter_server", "workers": 1, "parameter_servers": 1}
    training = Training(training_inputs, tmp_path / "served", **settings, epochs=1)

    training.run()

    assert (training.serving_model_dir / "saved_model.pb").exists()
    assert [row["epoch"] for row in training.history] == [1]
    for member in ("chief 0", "worker 0", "ps 0"):
        path = training.model_run_dir / f"{member.replace(' ', '-')}.log"
        assert f"{member}: waiting" in path.read_text(encoding="utf-8")
