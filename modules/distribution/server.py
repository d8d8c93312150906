"""Serves a chief that trains with parameter servers: holds weights, or takes steps."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from modules.distribution.cluster import Cluster
from modules.distribution.devices import find_share


def start_server(cluster: Cluster, *, hide_gpus: bool) -> tf.distribute.Server:
    """Starts to do what the chief says, in threads of TensorFlow's.

    Args:
      cluster: All processes, and which of them this is: a worker or a parameter server.
      hide_gpus: Whether a worker leaves GPUs alone.

    Raises:
      ValueError: There are GPUs, and not one for each worker of this machine.
      OSError: This process cannot listen on its address.
    """
    config = _make_config(cluster, hide_gpus=hide_gpus)
    with listening_explained(cluster):
        return tf.distribute.Server(
            tf.train.ClusterSpec(dict(cluster.addresses)),
            job_name=cluster.task,
            task_index=cluster.index,
            protocol="grpc",
            config=config,
        )


@contextmanager
def listening_explained(cluster: Cluster) -> Iterator[None]:
    """Has an error say which address it is about.

    Raises:
      OSError: TensorFlow cannot listen there.
    """
    try:
        yield
    except tf.errors.UnknownError as error:
        raise OSError(
            f"{cluster.own_address}: cannot listen there: {error.message}. Is the port taken?"
        ) from error


def _make_config(cluster: Cluster, *, hide_gpus: bool) -> tf.compat.v1.ConfigProto:
    # Whoever asks another process waits for it in a thread. With as many as two CPUs, which is
    # TensorFlow's choice there, all can wait, and nobody is left to answer.
    config = tf.compat.v1.ConfigProto(
        inter_op_parallelism_threads=max(cluster.size, os.cpu_count() or 1)
    )
    takes_steps = cluster.task == "worker"
    gpus = tf.config.list_physical_devices("GPU") if takes_steps and not hide_gpus else []
    if not gpus:
        config.device_count["GPU"] = 0
        return config
    # One each: with several, a step would be one of several replicas.
    gpu, *_ = find_share(range(len(gpus)), *cluster.rank_on_machine)
    config.gpu_options.visible_device_list = str(gpu)
    config.gpu_options.allow_growth = True
    return config
