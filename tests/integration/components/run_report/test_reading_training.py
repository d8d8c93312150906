"""What a report says of a training, from the files that the Trainer leaves."""

import json
from pathlib import Path

import pytest

from components.run_report.reading.training import read_training
from modules.hyperparameters import Hyperparameters
from modules.training.history import HISTORY_FILE, EpochRow
from modules.training.record import RECORD_FILE, TrainingRecord

HISTORY: list[EpochRow] = [
    {"epoch": 1, "loss": 0.7, "accuracy": 0.90, "val_loss": 0.4, "val_accuracy": 0.97},
    {"epoch": 2, "loss": 0.4, "accuracy": 0.97, "val_loss": 0.3, "val_accuracy": 0.99},
    {"epoch": 3, "loss": 0.3, "accuracy": 0.98, "val_loss": 0.2, "val_accuracy": 0.99},
]
CPU = "/job:localhost/replica:0/task:0/device:CPU:0"
GPUS = ("/job:worker/replica:0/task:1/device:GPU:0", "/job:worker/replica:0/task:1/device:GPU:1")


def _write_history(folder: Path, rows: list[EpochRow]) -> str:
    (folder / HISTORY_FILE).write_text(json.dumps(rows))
    return str(folder)


def _write_record(folder: Path, *, replicas: int, devices: tuple[str, ...]) -> Hyperparameters:
    hyperparameters = Hyperparameters(epochs=3, learning_rate=0.05)
    record = TrainingRecord(
        hyperparameters=hyperparameters.model_dump(), replicas=replicas, devices=devices
    )
    (folder / RECORD_FILE).write_text(record.model_dump_json())
    return hyperparameters


def test_each_metric_is_a_curve_under_its_name(tmp_path: Path):
    training = read_training(_write_history(tmp_path, HISTORY))

    assert {curve.name: curve.values for curve in training.curves} == {
        "loss": (0.7, 0.4, 0.3),
        "accuracy": (0.90, 0.97, 0.98),
        "val_loss": (0.4, 0.3, 0.2),
        "val_accuracy": (0.97, 0.99, 0.99),
    }


def test_the_chosen_epoch_is_the_first_with_the_best_validation_accuracy(tmp_path: Path):
    training = read_training(_write_history(tmp_path, HISTORY))

    assert training.chosen_epoch == 2


def test_the_record_tells_hyperparameters_replicas_and_devices(tmp_path: Path):
    hyperparameters = _write_record(tmp_path, replicas=1, devices=(CPU,))

    training = read_training(_write_history(tmp_path, HISTORY))

    assert training.hyperparameters == hyperparameters.model_dump()
    assert (training.replicas, training.devices) == (1, "CPU")


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        (GPUS, "GPU"),
        ((*GPUS, CPU), "CPU and GPU"),
        (("/device:CPU:0", "/device:CPU:1"), "CPU"),
        (("/job:tpu_worker/replica:0/task:0/device:TPU:0",), "TPU"),
    ],
)
def test_devices_are_told_by_their_kinds(tmp_path: Path, devices: tuple[str, ...], expected: str):
    _write_record(tmp_path, replicas=4, devices=devices)

    training = read_training(_write_history(tmp_path, HISTORY))

    assert (training.replicas, training.devices) == (4, expected)


def test_a_training_without_a_record_has_its_curves_and_says_nothing_of_its_settings(
    tmp_path: Path,
):
    training = read_training(_write_history(tmp_path, HISTORY[:1]))

    assert [curve.name for curve in training.curves] == [*HISTORY[0]][1:]
    assert training.hyperparameters == {}
    assert (training.replicas, training.devices) == (0, "")


def test_a_record_of_a_later_version_is_read_as_far_as_it_is_known(tmp_path: Path):
    record = {"hyperparameters": {"epochs": 3, "new": [1]}, "replicas": 2, "devices": [CPU]}
    (tmp_path / RECORD_FILE).write_text(json.dumps({**record, "seconds": 12.5}))

    training = read_training(_write_history(tmp_path, HISTORY))

    assert training.hyperparameters == {"epochs": 3, "new": [1]}
    assert training.replicas == 2


def test_a_training_that_left_no_history_is_one_error(tmp_path: Path):
    _write_record(tmp_path, replicas=1, devices=(CPU,))

    with pytest.raises(FileNotFoundError, match=r"history\.json: the history .* is missing"):
        read_training(str(tmp_path))


def test_a_training_that_finished_no_epoch_is_one_error(tmp_path: Path):
    folder = _write_history(tmp_path, [])

    with pytest.raises(FileNotFoundError, match="expected epochs, received none"):
        read_training(folder)
