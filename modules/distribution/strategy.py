"""Chooses how a training is spread: one file for each of the strategies that can be configured."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from modules.distribution.cluster import read_cluster
from modules.distribution.devices import prepare_devices
from modules.distribution.distribution import Distribution
from modules.distribution.mirrored import make_mirrored
from modules.distribution.multi_worker import make_multi_worker_mirrored
from modules.distribution.one_device import make_one_device
from modules.distribution.parameter_server import make_parameter_server
from modules.distribution.tpu import make_tpu
from modules.hyperparameters import Hyperparameters, Strategy

_MAKERS: Mapping[Strategy, Callable[[Hyperparameters], Distribution]] = MappingProxyType(
    {
        "mirrored": make_mirrored,
        "one_device": make_one_device,
        "multi_worker_mirrored": make_multi_worker_mirrored,
        "parameter_server": make_parameter_server,
        "tpu": make_tpu,
    }
)


def make_distribution(hyperparameters: Hyperparameters) -> Distribution:
    """Makes what `training.strategy` names, in the process that trains.

    Raises:
      RuntimeError: The devices are not as asked, and cannot be any more: as for `prepare_devices`.
      ValueError: The other processes are not as the strategy needs them.
    """
    cluster = read_cluster()
    if cluster is not None and cluster.size > 1 and not hyperparameters.trains_apart:
        raise ValueError(
            f"TF_CONFIG: expected one process for training.strategy={hyperparameters.strategy}, "
            f"received a cluster of {cluster.size}. Unset it, or choose a strategy for several."
        )
    prepare_devices(logical_cpus=hyperparameters.logical_cpus, hide_gpus=hyperparameters.hide_gpus)
    return _MAKERS[hyperparameters.strategy](hyperparameters)
