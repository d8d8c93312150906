"""Trains the presets, and two models that others show for MNIST, and measures each training."""

import resource
import tempfile
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft

from benchmarks.measuring.mnist import Part, read_mnist
from modules.batches import make_evaluation_batches
from modules.distribution.strategy import make_distribution
from modules.examples import read_examples
from modules.hyperparameters import Hyperparameters
from modules.model import build_model
from modules.trainer import train
from modules.training.checkpoints import Checkpoints
from modules.training.job import TrainingJob


@dataclass(frozen=True, kw_only=True)
class Data:
    """What the pipeline's Trainer reads.

    Attributes:
      examples: The folder with a folder for each split.
      transform_graph: What Transform made.
    """

    examples: str
    transform_graph: str


@dataclass(frozen=True, kw_only=True)
class Training:
    """What came of a training.

    Attributes:
      test_accuracy: On the 10,000 test images, 0 to 1.
      eval_accuracy: On what it was validated with, held out of the 60,000 others.
      user_seconds: CPU in user mode, from reading the data to the last epoch's validation.
      parameters: Numbers in the model that were trained, and moving averages.
    """

    test_accuracy: float
    eval_accuracy: float
    user_seconds: float
    parameters: int


def train_preset(hyperparameters: Hyperparameters, data: Data) -> Training:
    """Trains as the pipeline's Trainer does, and takes the epoch that it would export."""
    with tempfile.TemporaryDirectory() as folder:
        job = TrainingJob(
            train_files=(f"{data.examples}/Split-train/*",),
            eval_files=(f"{data.examples}/Split-eval/*",),
            transform_graph_path=data.transform_graph,
            model_run_dir=f"{folder}/model_run",
            checkpoint_dir=f"{folder}/checkpoints",
            hyperparameters=hyperparameters,
        )
        before = _read_user_seconds()
        train(job, make_distribution(hyperparameters))
        user_seconds = _read_user_seconds() - before
        model = build_model(hyperparameters, job.data)
        Checkpoints(job.checkpoint_dir).restore_best_weights(model)
    accuracies = []
    for split in ("test", "eval"):
        examples = read_examples(
            [f"{data.examples}/Split-{split}/*"],
            tft.TFTransformOutput(data.transform_graph),
            num_classes=job.data.num_classes,
            most_bytes=hyperparameters.cache_bytes,
        )
        accuracies.append(_measure(model, make_evaluation_batches(examples, num_replicas=1)))
    return Training(
        test_accuracy=accuracies[0],
        eval_accuracy=accuracies[1],
        user_seconds=user_seconds,
        parameters=model.count_params(),
    )


def train_keras_convnet(seed: int) -> Training:
    """Trains keras.io's "Simple MNIST convnet", with its settings."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    return _train(model, batch_size=128, epochs=15)


def train_dense(seed: int) -> Training:
    """Trains the two dense layers of TensorFlow's "Quickstart for beginners", with its settings."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    return _train(model, batch_size=32, epochs=5)


def _train(model: keras.Model, *, batch_size: int, epochs: int) -> Training:
    """Trains on MNIST's train files, the last tenth of which is for validation."""
    images, labels = _read("train")
    before = _read_user_seconds()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        images, labels, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=0
    )
    user_seconds = _read_user_seconds() - before
    test = tf.data.Dataset.from_tensor_slices(_read("t10k")).batch(1000)
    return Training(
        test_accuracy=_measure(model, test),
        eval_accuracy=history.history["val_accuracy"][-1],
        user_seconds=user_seconds,
        parameters=model.count_params(),
    )


def _read(part: Part) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Returns images, float32 [rows, 28, 28, 1] from 0 to 1, and labels, uint8 [rows]."""
    rows = read_mnist(part)
    return rows.images[..., np.newaxis].astype(np.float32) / 255, rows.labels


def _measure(model: keras.Model, batches: tf.data.Dataset) -> float:
    right = rows = 0
    for images, labels in batches:
        classes = tf.argmax(labels, axis=-1) if labels.shape.rank > 1 else labels
        answers = np.argmax(model(images, training=False), axis=-1)
        right += np.sum(answers == classes.numpy())
        rows += len(answers)
    return float(right / rows)


def _read_user_seconds() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime
