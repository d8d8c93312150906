"""Devices: which are used, and that their number does not change what is learned."""

import logging
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from modules.distribution.devices import find_gpus_of_host, prepare_devices
from modules.distribution.strategy import make_strategy
from support.trainings import Inputs, Training


def test_one_cpu_is_one_replica_and_is_named_in_the_log(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, logger="modules.distribution.devices")

    strategy = make_strategy(hide_gpus=True)

    assert isinstance(strategy, tf.distribute.MirroredStrategy)
    assert strategy.num_replicas_in_sync == 1
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


def test_two_logical_cpus_learn_the_weights_of_one(training_inputs: Inputs, tmp_path: Path):
    one = Training(training_inputs, tmp_path / "one", batch_size_per_replica=32)
    two = Training(training_inputs, tmp_path / "two", batch_size_per_replica=16, logical_cpus=2)

    one.run()
    process = two.run_apart("import logging; logging.basicConfig(level=logging.INFO, force=True)")

    assert process.returncode == 0, process.stderr
    assert "Training on 2 device(s): /device:CPU:0, /device:CPU:1" in process.stderr
    for weights_of_one, weights_of_two in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(weights_of_two, weights_of_one, atol=1e-5)
