"""Trains on a TPU: each of its cores has the whole model and its share of every batch."""

import logging

import grpc  # type: ignore[import-untyped]
import tensorflow as tf

from modules.distribution.devices import log_devices
from modules.distribution.distribution import Distribution
from modules.hyperparameters import Hyperparameters

logger = logging.getLogger(__name__)

_SCHEME = "grpc://"


class TpuNotFoundError(RuntimeError):
    """There is no TPU where one was said to be."""


def make_tpu(hyperparameters: Hyperparameters) -> Distribution:
    """Makes the strategy; must be TensorFlow's first operation in the process.

    Raises:
      TpuNotFoundError: `training.tpu` names no TPU, or nobody answers there.
    """
    name = hyperparameters.tpu
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=name)
        address = resolver.master()
        logger.info("training.tpu=%s: connecting to %s", name, address or "this machine")
        if address.startswith(_SCHEME):
            # In half of the time after which whoever started this process would end it.
            _check_answer(address, hyperparameters.worker_timeout_seconds / 2)
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        devices = [device.name for device in tf.config.list_logical_devices("TPU")]
        log_devices(devices, hide_gpus=hyperparameters.hide_gpus)
        return Distribution(tf.distribute.TPUStrategy(resolver))
    # Of these, Google's metadata server, asked for a name, raises URLError, which is an OSError.
    except (ValueError, OSError, tf.errors.OpError) as error:
        cause = str(error).strip().partition("\n")[0]
        raise TpuNotFoundError(
            f"training.tpu={name}: {type(error).__name__}: {cause}. Expected the name of a Cloud "
            "TPU, which Google's metadata server and API are asked for; the grpc://host:port of "
            "one; or local, on a TPU VM whose TensorFlow is built for TPUs. To train without, set "
            "training.strategy=mirrored."
        ) from error


def _check_answer(address: str, timeout_seconds: float) -> None:
    """Raises TimeoutError if nobody answers: TensorFlow itself would wait for ever."""
    # TensorFlow asks no proxy either.
    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(address.removeprefix(_SCHEME), options) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=timeout_seconds)
        except grpc.FutureTimeoutError as error:
            raise TimeoutError(f"no gRPC server answered within {timeout_seconds:g} s") from error
