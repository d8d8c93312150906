"""Chooses the devices to train on and the tf.distribute strategy that spreads the work."""

import tensorflow as tf

from modules.distribution.devices import log_devices, prepare_devices


def make_strategy(*, logical_cpus: int = 0, hide_gpus: bool = False) -> tf.distribute.Strategy:
    """Makes the strategy to train with: one replica on each device of this machine.

    The devices are all logical CPUs if `logical_cpus` asks for them, else all visible GPUs, else
    the CPU. This is the only place where a strategy is made: one for many machines
    (tf.distribute.MultiWorkerMirroredStrategy, ParameterServerStrategy) would be chosen here.

    Args:
      logical_cpus: As for `prepare_devices`, which this calls.
      hide_gpus: As for `prepare_devices`.

    Raises:
      RuntimeError: As for `prepare_devices`.
    """
    prepare_devices(logical_cpus=logical_cpus, hide_gpus=hide_gpus)
    kind = "GPU" if tf.config.list_logical_devices("GPU") and not logical_cpus else "CPU"
    devices = [device.name for device in tf.config.list_logical_devices(kind)]
    log_devices(devices, hide_gpus=hide_gpus)
    return tf.distribute.MirroredStrategy(devices)
