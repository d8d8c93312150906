"""Takes the same steps on one device and on two, and prints how far the weights part.

It is a program, for a process of its own that has two logical CPUs.
"""

import json
import sys
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from modules.data_spec import DataSpec
from modules.distribution.distribution import Distribution
from modules.distribution.strategy import make_distribution
from modules.hyperparameters import Hyperparameters
from modules.model import build_model

_STEPS = 20
_LEARNING_RATE = 0.02
_BATCH_SIZE = 32
_OPTIMIZERS: dict[str, Callable[[float], keras.optimizers.Optimizer]] = {
    "SGD": keras.optimizers.SGD,
    "Adam": keras.optimizers.Adam,
}


def _make_batches() -> tf.data.Dataset:
    random = np.random.default_rng(0)
    images = random.random((_STEPS * _BATCH_SIZE, 28, 28, 1), np.float32)
    labels = np.eye(10, dtype=np.float32)[random.integers(0, 10, len(images))]
    examples = tf.data.Dataset.from_tensor_slices((images, labels))
    return examples.batch(_BATCH_SIZE, drop_remainder=True)


def _train(
    distribution: Distribution, optimizer: Callable[[float], keras.optimizers.Optimizer]
) -> list[np.ndarray]:
    def compile_(model: keras.Model) -> None:
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        model.compile(optimizer(_LEARNING_RATE), loss, metrics=["accuracy"], jit_compile=False)

    keras.utils.set_random_seed(1)
    model = distribution.make_model(
        lambda: build_model(Hyperparameters(filters=2), DataSpec()), compile_
    )
    batches = _make_batches()
    distribution.fit(
        model, batches.repeat(), batches.take(1), epochs=1, steps_per_epoch=_STEPS, verbose=0
    )
    return model.get_weights()


def main() -> None:
    """Prints the largest difference of any weight, by optimizer."""
    two_devices = make_distribution(Hyperparameters(logical_cpus=2))
    one_device = Distribution(tf.distribute.OneDeviceStrategy("/CPU:0"))
    assert (two_devices.num_replicas, one_device.num_replicas) == (2, 1)
    differences = {}
    for name, optimizer in _OPTIMIZERS.items():
        pairs = zip(_train(one_device, optimizer), _train(two_devices, optimizer), strict=True)
        differences[name] = max(float(np.abs(one - two).max()) for one, two in pairs)
    sys.stdout.write(json.dumps(differences))


if __name__ == "__main__":
    main()
