"""Trainings in other processes than the test's, as `module:function` for members of a cluster.

As a program, with the path of a job, it trains that in one process, on as many logical CPUs as it
has workers.
"""

import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from modules import trainer
from modules.distribution.devices import prepare_devices
from modules.distribution.distribution import Distribution
from modules.training.job import TrainingJob


def train_and_keep_weights(job: TrainingJob, distribution: Distribution) -> None:
    """Trains, and leaves the last weights of this process beside the history, and its threads."""
    fit = distribution.fit

    def fit_and_keep(model: Any, *arguments: Any, **options: Any) -> None:
        fit(model, *arguments, **options)
        index = distribution.strategy.cluster_resolver.task_id
        np.savez(f"{job.model_run_dir}/weights-{index}.npz", *model.get_weights())
        names = [path.read_text() for path in Path("/proc/self/task").glob("*/comm")]
        Path(f"{job.model_run_dir}/threads-{index}.txt").write_text("".join(names))

    distribution.fit = fit_and_keep
    trainer.train(job, distribution)


def hang_unless_chief(job: TrainingJob, distribution: Distribution) -> None:
    """Trains in the chief; the others do nothing for ever, while TensorFlow's threads live on."""
    if distribution.is_chief:
        trainer.train(job, distribution)
    while True:
        signal.pause()


def fail_on_two_devices(job: TrainingJob, distribution: Distribution) -> None:  # noqa: ARG001
    """Takes a step on two devices, which fails on both."""

    def decode() -> list[tf.Tensor]:
        decoded = []
        for device in distribution.devices:
            with tf.device(device):
                decoded.append(tf.io.decode_raw(tf.fill([2], "abc"), tf.int16))
        return decoded

    tf.function(decode)()


def contradict(job: TrainingJob, distribution: Distribution) -> None:  # noqa: ARG001
    """Fails as TensorFlow does when it contradicts itself."""
    raise tf.errors.InternalError(None, None, "the worker does not know what it was asked")


def main(job_path: str) -> None:
    """Trains the job."""
    job = TrainingJob.read(job_path)
    num_devices = job.hyperparameters.workers
    prepare_devices(logical_cpus=num_devices)
    devices = [f"/CPU:{index}" for index in range(num_devices)]
    trainer.train(job, Distribution(tf.distribute.MirroredStrategy(devices)))


if __name__ == "__main__":
    main(sys.argv[1])
