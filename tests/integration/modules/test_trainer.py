"""run_fn on a few hundred real images: what it leaves behind, how it goes on and how it fails."""

import json
import logging
import re
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError

from modules.data_spec import DataSpec
from modules.hyperparameters import Hyperparameters
from modules.preprocessing import preprocessing_fn
from modules.training import progress
from modules.training.checkpoints import digest_training
from modules.training.progress import progress_of
from modules.training.reference_predictions import read_reference_predictions
from support.trainings import Inputs, Training, write_transform_graph

METRICS = {"loss", "accuracy", "val_loss", "val_accuracy"}

KILL_IN_EPOCH_2 = """
import logging, os, signal
from modules.training import progress

class Killer(logging.Handler):
    def emit(self, record):
        if progress.progress_of(record).epoch == 2:
            os.kill(os.getpid(), signal.SIGKILL)

progress.logger.setLevel(logging.DEBUG)
progress.logger.addHandler(Killer())
"""

# As on a machine with a GPU, where operations run unless they are told otherwise. TensorFlow
# tells where each one ran that is part of no graph, and the training is a graph.
PREFER_ANOTHER_DEVICE = """
import tensorflow as tf
from modules.distribution.devices import prepare_devices

prepare_devices(logical_cpus=2)
tf.debugging.set_log_device_placement(True)
tf.device("/CPU:1").__enter__()
"""


@pytest.fixture(scope="module")
def trained_and_records(
    training_inputs: Inputs, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Training, list[logging.LogRecord]]:
    """Returns a finished training of two epochs and what it logged on its way."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append
    progress.logger.addHandler(handler)
    progress.logger.setLevel(logging.DEBUG)
    training = Training(training_inputs, tmp_path_factory.mktemp("trained") / "training").run()
    progress.logger.removeHandler(handler)
    progress.logger.setLevel(logging.NOTSET)
    return training, records


@pytest.fixture(scope="module")
def trained(trained_and_records: tuple[Training, list[logging.LogRecord]]) -> Training:
    return trained_and_records[0]


def test_history_has_a_row_with_all_metrics_for_each_epoch(trained: Training):
    assert [row["epoch"] for row in trained.history] == [1, 2]
    assert all(row.keys() == METRICS | {"epoch"} for row in trained.history)
    assert trained.history[1]["loss"] < trained.history[0]["loss"]


def test_model_run_has_the_logs_of_tensorboard(trained: Training):
    assert list(trained.model_run_dir.glob("train/events.out.tfevents.*"))
    assert list(trained.model_run_dir.glob("validation/events.out.tfevents.*"))


def test_exported_weights_are_those_of_the_best_epoch(trained: Training, training_inputs: Inputs):
    records = tf.data.TFRecordDataset(
        tf.io.gfile.glob(f"{training_inputs.examples}/Split-eval/*"), compression_type="GZIP"
    )
    examples = tf.constant(list(records.as_numpy_iterator()))
    labels = tf.io.parse_example(examples, {"label": tf.io.FixedLenFeature([], tf.int64)})["label"]
    signatures = tf.saved_model.load(str(trained.serving_model_dir)).signatures

    classes = signatures["serving_default"](examples=examples)["classes"]

    accuracy = np.mean(classes == labels)
    assert accuracy == pytest.approx(max(row["val_accuracy"] for row in trained.history))


def test_nothing_is_left_of_a_finished_training_but_its_outputs(trained: Training):
    assert list(trained.backup.iterdir()) == []
    assert [path.name for path in trained.serving_model_dir.parent.iterdir()] == ["Format-Serving"]


def test_progress_is_told_at_each_epoch_and_now_and_then_between(
    trained_and_records: tuple[Training, list[logging.LogRecord]],
):
    trained, records = trained_and_records

    epochs = [progress_of(record) for record in records if record.levelno == logging.INFO]
    steps = [progress_of(record) for record in records if record.levelno == logging.DEBUG]
    assert [(told.epoch, told.epochs) for told in epochs] == [(1, 2), (2, 2)]
    assert [told.metrics for told in epochs] == [
        {name: row[name] for name in METRICS} for row in trained.history
    ]
    assert [(told.epoch, told.step) for told in steps] == [(1, 20), (2, 20)]
    assert all(told.metrics.keys() == {"loss", "accuracy"} for told in steps)


def test_same_seed_gives_the_same_weights(
    trained: Training, training_inputs: Inputs, tmp_path: Path
):
    again = Training(training_inputs, tmp_path / "again").run()

    assert_equal_weights(again, trained)
    assert again.history == trained.history


def test_images_that_do_not_fit_into_memory_give_the_same_weights(
    trained: Training, training_inputs: Inputs, tmp_path: Path
):
    from_files = Training(training_inputs, tmp_path / "from files", cache_mb=0).run()

    assert_equal_weights(from_files, trained)
    assert from_files.history == trained.history


def test_another_seed_gives_other_weights(
    trained: Training, training_inputs: Inputs, tmp_path: Path
):
    other = Training(training_inputs, tmp_path / "other", seed=2).run()

    assert np.abs(other.weights[0] - trained.weights[0]).max() > 0.01


def test_killed_training_goes_on_and_ends_as_if_it_had_not_been(
    trained: Training,
    training_inputs: Inputs,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
):
    backup = tmp_path / "backup"
    killed = Training(training_inputs, tmp_path / "killed", backup=backup)
    process = killed.run_apart(KILL_IN_EPOCH_2)
    assert process.returncode == -signal.SIGKILL, process.stderr
    assert [row["epoch"] for row in killed.history] == [1]
    assert not killed.serving_model_dir.exists()
    caplog.set_level(logging.INFO, logger="modules")

    resumed = Training(training_inputs, tmp_path / "resumed", backup=backup).run()

    assert "Going on after epoch 1/2" in caplog.messages
    assert [told.epoch for record in caplog.records if (told := progress_of(record))] == [2]
    assert resumed.history[0] == killed.history[0]
    assert [row["epoch"] for row in resumed.history] == [1, 2]
    assert_equal_weights(resumed, trained)


def test_training_killed_before_its_export_is_not_repeated(
    training_inputs: Inputs, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    backup = tmp_path / "backup"
    killed = Training(training_inputs, tmp_path / "killed", backup=backup, epochs=1)
    # The place of the export is taken: the training ends, the export fails.
    killed.serving_model_dir.mkdir(parents=True)
    (killed.serving_model_dir / "saved_model.pb").touch()
    with pytest.raises(tf.errors.OpError):
        killed.run()
    caplog.set_level(logging.INFO, logger="modules")

    resumed = Training(training_inputs, tmp_path / "resumed", backup=backup, epochs=1).run()

    assert "Going on after epoch 1/1" in caplog.messages
    assert resumed.history == killed.history
    assert_equal_weights(resumed, killed)
    assert (resumed.serving_model_dir / "saved_model.pb").stat().st_size > 0


def test_reference_is_computed_on_the_cpu_whatever_device_the_training_prefers(
    training_inputs: Inputs, tmp_path: Path
):
    training = Training(training_inputs, tmp_path / "training", epochs=1, logical_cpus=2)

    process = training.run_apart(PREFER_ANOTHER_DEVICE)

    assert process.returncode == 0, process.stderr
    for operation in ("Conv2D", "MatMul", "Softmax"):
        # On some processors oneDNN's kernels do it, such as _MklNativeConv2D.
        devices = re.findall(rf"Executing op (?:_\w+)?{operation} in device (\S+)", process.stderr)
        assert {device[-5:] for device in devices} == {"CPU:0"}, operation
    images, probabilities = read_reference_predictions(str(training.model_run_dir))
    served = tf.saved_model.load(str(training.serving_model_dir)).signatures["serve_images"]
    answers = served(images=tf.constant(images))["probabilities"]
    np.testing.assert_allclose(answers, probabilities, atol=1e-6)


def test_digest_changes_with_all_that_a_training_depends_on(tmp_path: Path):
    file = tmp_path / "examples.gz"
    file.write_bytes(b"1")
    other_file = tmp_path / "other.gz"
    other_file.write_bytes(b"1")
    arguments: dict[str, Any] = {
        "files": [str(file)],
        "hyperparameters": Hyperparameters(),
        "data": DataSpec(),
        "code_digest": "1",
    }
    digests = [
        digest_training(**arguments),
        digest_training(**{**arguments, "files": [str(other_file)]}),
        digest_training(**{**arguments, "hyperparameters": Hyperparameters(seed=2)}),
        digest_training(**{**arguments, "data": DataSpec(num_classes=9)}),
        digest_training(**{**arguments, "code_digest": "2"}),
    ]
    assert digest_training(**arguments) == digests[0]
    for name, value in {"restarts": 5, "tpu": "other", "worker_timeout_seconds": 1.0}.items():
        hyperparameters = Hyperparameters.model_validate({name: value})
        assert digest_training(**{**arguments, "hyperparameters": hyperparameters}) == digests[0]
    file.write_bytes(b"22")
    digests.append(digest_training(**arguments))

    assert len(set(digests)) == len(digests)


def test_loss_that_is_not_finite_ends_the_run_without_an_export(
    training_inputs: Inputs, tmp_path: Path
):
    def divide_by_zero(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        transformed = preprocessing_fn(inputs)
        return {**transformed, "image_xf": transformed["image_xf"] / 0.0}

    broken = write_transform_graph(divide_by_zero, tmp_path / "transform_graph")
    training = Training(training_inputs._replace(transform_graph=broken), tmp_path / "training")

    with pytest.raises(FloatingPointError, match=r"Epoch 1/2, step 20/\d+: expected a finite loss"):
        training.run()

    assert not training.serving_model_dir.exists()
    assert training.history == []


def test_values_that_a_tuner_has_chosen_come_before_those_of_the_configuration(
    training_inputs: Inputs, tmp_path: Path
):
    values = {"filters": 3, "learning_rate": 0.02, "tuner/epochs": 2}
    by_tuner = Training(training_inputs, tmp_path / "tuner", epochs=1)
    by_tuner.run(hyperparameters={"space": [], "values": values})
    by_hand = Training(
        training_inputs, tmp_path / "hand", epochs=1, filters=3, learning_rate=0.02
    ).run()

    record = json.loads((by_tuner.model_run_dir / "training.json").read_text())
    assert record["tuned"] == ["filters", "learning_rate"]
    assert record["hyperparameters"] == by_hand.hyperparameters.model_dump()
    assert by_tuner.history == by_hand.history


def test_training_that_was_killed_does_not_go_on_with_other_tuned_values(
    training_inputs: Inputs, tmp_path: Path
):
    backup = tmp_path / "backup"
    killed = Training(training_inputs, tmp_path / "killed", backup=backup)
    assert killed.run_apart(KILL_IN_EPOCH_2).returncode == -signal.SIGKILL

    other = Training(training_inputs, tmp_path / "other", backup=backup)
    other.run(hyperparameters={"space": [], "values": {"learning_rate": 0.03}})

    assert len(list(backup.iterdir())) == 1, "what the killed training saved is still its own"
    assert [row["epoch"] for row in other.history] == [1, 2]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("learning_rate", r"learning_rate[\s\S]*less than or equal to 1"),
        ("learning_rat", r"learning_rat\n[\s\S]*not permitted"),
    ],
)
def test_value_of_a_tuner_that_is_no_hyperparameter_is_refused(
    training_inputs: Inputs, tmp_path: Path, name: str, complaint: str
):
    training = Training(training_inputs, tmp_path / "training")

    with pytest.raises(ValidationError, match=complaint):
        training.run(hyperparameters={"space": [], "values": {name: 3.0}})


def test_unknown_hyperparameter_is_refused(training_inputs: Inputs, tmp_path: Path):
    training = Training(training_inputs, tmp_path / "training")

    with pytest.raises(ValidationError, match="num_layers"):
        training.run(custom_config={"hyperparameters": {"num_layers": 3}})


def test_number_of_steps_is_refused_and_the_message_names_epochs(
    training_inputs: Inputs, tmp_path: Path
):
    training = Training(training_inputs, tmp_path / "training")

    with pytest.raises(ValueError, match=r"TrainArgs: .* received 5000.*hyperparameters\.epochs"):
        training.run(train_steps=5000)


def assert_equal_weights(one: Training, other: Training) -> None:
    for weights, others in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(weights, others)
