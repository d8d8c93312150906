"""Checks that a SavedModel can be served."""

from pathlib import Path

import tensorflow as tf

from components.versioned_directory.versions import PushError

_DEFAULT_SIGNATURE = "serving_default"


def check_servable(folder: Path, *, source: str) -> None:
    """Loads the SavedModel in `folder`, variables included.

    Args:
      folder: A copy of the model, which is gone when the error is read.
      source: What it is a copy of.

    Raises:
      PushError: It does not load, or it lacks the signature that servers use by default.
    """
    try:
        with tf.device("CPU"):
            signatures = tf.saved_model.load(str(folder)).signatures
    except Exception as error:
        raise PushError(
            f"{source}: expected a SavedModel that loads, received {type(error).__name__}: "
            f"{error}. Nothing was published. Export the model again."
        ) from error
    if _DEFAULT_SIGNATURE not in signatures:
        raise PushError(
            f"{source}: expected a signature {_DEFAULT_SIGNATURE!r}, received "
            f"{', '.join(sorted(signatures)) or 'none'}. Nothing was published. Add the signature "
            "where the model is exported."
        )
