"""Devices: which are used, and that their number does not change what is learned."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from modules.distribution.devices import find_gpus_of_host, prepare_devices
from modules.distribution.strategy import make_distribution
from modules.hyperparameters import Hyperparameters
from support.project import PROJECT
from support.trainings import Inputs, Training


def test_one_cpu_is_one_replica_and_is_named_in_the_log(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, logger="modules.distribution.devices")

    distribution = make_distribution(Hyperparameters(hide_gpus=True))

    assert isinstance(distribution.strategy, tf.distribute.MirroredStrategy)
    assert distribution.num_replicas == 1
    assert distribution.is_chief
    assert "Training on 1 device(s): /device:CPU:0" in caplog.messages


def test_devices_cannot_change_once_tensorflow_is_initialised():
    tf.config.list_logical_devices()

    with pytest.raises(RuntimeError) as raised:
        prepare_devices(logical_cpus=3)

    assert "logical_cpus=3" in str(raised.value)
    assert "/device:CPU:0" in str(raised.value)
    assert "prepare_devices at the start of the process" in str(raised.value)


def test_asking_for_nothing_is_no_error_once_tensorflow_is_initialised():
    tf.config.list_logical_devices()

    prepare_devices(logical_cpus=0, hide_gpus=True)

    assert len(tf.config.list_logical_devices("CPU")) == 1


def test_gpus_of_the_host_are_found_where_the_driver_lists_them(tmp_path: Path):
    (tmp_path / "0000:01:00.0").mkdir()
    (tmp_path / "0000:02:00.0").mkdir()

    assert find_gpus_of_host(tmp_path) == ["0000:01:00.0", "0000:02:00.0"]


def test_host_without_the_driver_has_no_gpus(tmp_path: Path):
    assert find_gpus_of_host(tmp_path / "absent") == []


def test_one_device_learns_what_a_mirrored_one_does(training_inputs: Inputs, tmp_path: Path):
    mirrored = Training(training_inputs, tmp_path / "mirrored", epochs=1).run()
    one_device = Training(training_inputs, tmp_path / "one", epochs=1, strategy="one_device").run()

    assert one_device.history == mirrored.history
    for one, other in zip(one_device.weights, mirrored.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_logical_cpus_train_to_what_one_does(training_inputs: Inputs, tmp_path: Path):
    one = Training(training_inputs, tmp_path / "one", batch_size_per_replica=32)
    two = Training(training_inputs, tmp_path / "two", batch_size_per_replica=16, logical_cpus=2)

    one.run()
    process = two.run_apart("import logging; logging.basicConfig(level=logging.INFO, force=True)")

    assert process.returncode == 0, process.stderr
    assert "Training on 2 device(s): /device:CPU:0, /device:CPU:1" in process.stderr
    # Of every epoch, all metrics: those of an evaluation with unequal shares, too.
    for of_one, of_two in zip(one.history, two.history, strict=True):
        assert of_two == pytest.approx(of_one, abs=1e-5)
    for weights_of_one, weights_of_two in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(weights_of_two, weights_of_one, atol=1e-5)


def test_two_replicas_take_the_same_steps_as_one_with_any_optimizer():
    program = [sys.executable, "-m", "support.distribution.replica_equality"]

    process = subprocess.run(
        program, cwd=PROJECT / "tests", capture_output=True, text=True, check=False
    )

    assert process.returncode == 0, process.stderr
    differences = json.loads(process.stdout.splitlines()[-1])
    # Replicas add up their parts of a gradient in another order, which rounds otherwise.
    assert differences["SGD"] < 1e-5
    # Adam divides a gradient by its usual size, so that rounding weighs more where that is small.
    # Replicas with a BatchNorm of their own would part a hundred times as far.
    assert differences["Adam"] < 1e-3
