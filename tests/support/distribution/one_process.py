"""Trains with a cluster of parameter server and workers that is one process, and prints the result.

`python -m support.distribution.one_process`; with a FIFO as its argument, workers wait for its
writer before their first step.
"""

import json
import os
import sys

import keras
import numpy as np
import tensorflow as tf

from modules.distribution.cluster import Cluster
from modules.distribution.parameter_server import make_parameter_server
from modules.distribution.server import start_server
from modules.hyperparameters import Hyperparameters
from support.free_ports import find_free_addresses
from support.waiting import DEADLINE_SECONDS

NUM_WORKERS = 2
INITIAL_EPOCH = 1
EPOCHS = 4
STEPS_PER_EPOCH = 5
# Enough for one worker that takes all steps.
NUM_ROWS = NUM_WORKERS * EPOCHS * STEPS_PER_EPOCH
VALIDATED = (1.0, 2.0, 4.0, 8.0, 16.0)


def rate_of_step(step: float) -> float:
    """Another one for each step; floats add them up without rounding."""
    return 1 + step / 64


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """The same, for an optimizer."""

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        return rate_of_step(tf.cast(step, tf.float32))


class Told(keras.callbacks.Callback):
    """Keeps what callbacks are told, and has the optimizer forget how often it was applied."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[int] = []
        self.epochs: list[dict[str, float]] = []
        self.weights: list[list[float]] = []

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        self._keep_weights()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        self.steps.append(batch)
        self.model.optimizer.iterations.assign(0)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epochs.append({"epoch": epoch, **(logs or {})})
        self._keep_weights()

    def _keep_weights(self) -> None:
        self.weights.append(self.model.get_weights()[0].ravel().tolist())


def build() -> keras.Model:
    """Returns a model with a weight for each row of the identity, which begins as its index."""
    inputs = keras.Input((NUM_ROWS,))
    indices = keras.initializers.Constant(np.arange(NUM_ROWS, dtype=np.float32).reshape(-1, 1))
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer=indices)
    return keras.Model(inputs, layer(inputs))


def compile_(model: keras.Model) -> None:
    """Has a step with one row take the learning rate from its weight, and change no other."""
    model.compile(
        keras.optimizers.SGD(Schedule()),
        loss=lambda _, outputs: tf.reduce_mean(outputs),
        metrics=["mean_absolute_error"],
    )


def start_cluster() -> list[tf.distribute.Server]:
    """Starts all but the chief, which this process is from now on."""
    counts = {"chief": 1, "worker": NUM_WORKERS, "ps": 1}
    addresses = {task: find_free_addresses(count) for task, count in counts.items()}
    os.environ.update(Cluster(addresses=addresses, task="chief", index=0).to_environment())
    return [
        start_server(Cluster(addresses=addresses, task=task, index=index), hide_gpus=True)
        for task in ("worker", "ps")
        for index in range(counts[task])
    ]


def make_rows() -> tf.data.Dataset:
    """Returns the rows of the identity, each with a label that says nothing."""
    return tf.data.Dataset.from_tensor_slices((np.eye(NUM_ROWS), np.zeros((NUM_ROWS, 1))))


def make_validation() -> tf.data.Dataset:
    """Returns batches, the last one smaller, for which the outputs are multiples of all weights."""
    rows = np.reshape(VALIDATED, (-1, 1)) * np.ones(NUM_ROWS)
    return tf.data.Dataset.from_tensor_slices((rows, np.zeros((len(rows), 1)))).batch(2)


def main(fifo: str | None = None) -> None:
    """Trains, and prints what was learned."""
    servers = start_cluster()
    hyperparameters = Hyperparameters(
        strategy="parameter_server",
        workers=NUM_WORKERS,
        worker_timeout_seconds=1 if fifo else DEADLINE_SECONDS,
    )
    distribution = make_parameter_server(hyperparameters)
    model = distribution.make_model(build, compile_)
    training = make_rows()
    if fifo:
        lines = tf.data.TextLineDataset(fifo)
        training = tf.data.Dataset.zip(lines, training).map(lambda _, row: row)
    told = Told()
    distribution.fit(
        model,
        training.batch(1).repeat(),
        make_validation(),
        epochs=EPOCHS,
        initial_epoch=INITIAL_EPOCH,
        steps_per_epoch=STEPS_PER_EPOCH,
        callbacks=[told],
        shuffle=False,
        verbose=0,
    )
    result = {
        "num_replicas": distribution.num_replicas,
        "steps": told.steps,
        "epochs": told.epochs,
        "weights": told.weights,
    }
    print(json.dumps(result), flush=True)  # noqa: T201 - it is what the test reads
    del servers  # until now they are held
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
