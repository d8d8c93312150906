"""Trains on one device: the first GPU, or the CPU."""

import tensorflow as tf

from modules.distribution.devices import list_training_devices
from modules.distribution.distribution import Distribution
from modules.hyperparameters import Hyperparameters


def make_one_device(hyperparameters: Hyperparameters) -> Distribution:
    """Makes the strategy; other devices stay idle."""
    device, *_ = list_training_devices(hyperparameters)
    return Distribution(tf.distribute.OneDeviceStrategy(device))
