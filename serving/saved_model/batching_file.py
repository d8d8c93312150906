"""Reads how requests are joined for one version of a model, from a file in its folder."""

import tensorflow as tf

from serving.config_files import BatchingParameters, parse_batching_parameters

_NAME = "batching_params.pbtxt"


def read_batching(model_path: str) -> BatchingParameters | None:
    """Returns the parameters of a version, None if it has no such file.

    Raises:
      ServingError: The file is not what TF Serving takes.
    """
    path = f"{model_path}/{_NAME}"
    if not tf.io.gfile.exists(path):
        return None
    with tf.io.gfile.GFile(path) as file:
        return parse_batching_parameters(file.read(), where=path)
