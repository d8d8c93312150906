"""Trains on all devices of this machine: each has the whole model and its share of every batch."""

import tensorflow as tf

from modules.distribution.devices import list_training_devices
from modules.distribution.distribution import Distribution
from modules.hyperparameters import Hyperparameters


def make_mirrored(hyperparameters: Hyperparameters) -> Distribution:
    """Makes the strategy: on all logical CPUs if there are several, all GPUs, or the CPU."""
    return Distribution(tf.distribute.MirroredStrategy(list_training_devices(hyperparameters)))
