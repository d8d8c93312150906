"""What a training keeps of itself for who asks later: its settings and its devices."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from modules.distribution.strategy import make_distribution
from modules.hyperparameters import Hyperparameters, Strategy
from modules.training.record import RECORD_FILE, TrainingRecord
from support.project import PROJECT
from support.trainings import Inputs, Training

NAME_TWO_DEVICES = """
import json
from modules.distribution.strategy import make_distribution
from modules.hyperparameters import Hyperparameters

print(json.dumps(make_distribution(Hyperparameters(logical_cpus=2)).devices))
"""


def read_record(training: Training) -> TrainingRecord:
    return TrainingRecord.model_validate_json((training.model_run_dir / RECORD_FILE).read_text())


def count_records(patterns: list[str]) -> int:
    files = tf.io.gfile.glob(patterns)
    return sum(1 for _ in tf.data.TFRecordDataset(files, compression_type="GZIP"))


@pytest.fixture(scope="module")
def trained_only(training_inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """Returns a training that ended, and whose export failed since its place is taken."""
    training = Training(training_inputs, tmp_path_factory.mktemp("record") / "first", epochs=1)
    training.serving_model_dir.mkdir(parents=True)
    (training.serving_model_dir / "saved_model.pb").touch()
    with pytest.raises(tf.errors.OpError):
        training.run()
    return training


@pytest.mark.parametrize("strategy", ["mirrored", "one_device"])
def test_a_distribution_names_the_device_that_it_trains_on(strategy: Strategy):
    distribution = make_distribution(Hyperparameters(strategy=strategy, hide_gpus=True))

    [device] = distribution.devices
    assert tf.DeviceSpec.from_string(device).device_type == "CPU"


def test_a_distribution_over_two_devices_names_both():
    # The devices of this process are set by now.
    process = subprocess.run(
        [sys.executable, "-c", NAME_TWO_DEVICES],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 0, process.stderr
    devices = json.loads(process.stdout.splitlines()[-1])
    specs = [tf.DeviceSpec.from_string(device) for device in devices]
    assert [(spec.device_type, spec.device_index) for spec in specs] == [("CPU", 0), ("CPU", 1)]


def test_a_training_leaves_all_of_its_hyperparameters_and_its_device(trained_only: Training):
    record = read_record(trained_only)

    assert Hyperparameters.model_validate(record.hyperparameters) == trained_only.hyperparameters
    assert record.hyperparameters.keys() == Hyperparameters.model_fields.keys()
    assert record.replicas == 1
    assert record.eval_rows == count_records(trained_only.arguments["eval_files"])
    [device] = record.devices
    assert tf.DeviceSpec.from_string(device).device_index == 0


def test_a_run_that_only_has_to_export_leaves_the_record_all_the_same(
    trained_only: Training, training_inputs: Inputs, tmp_path: Path
):
    resumed = Training(
        training_inputs, tmp_path / "resumed", backup=trained_only.backup, epochs=1
    ).run()

    assert read_record(resumed) == read_record(trained_only)
