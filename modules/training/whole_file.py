"""Writes a file so that nobody ever finds half of it."""

import tensorflow as tf


def write_whole(path: str, content: bytes) -> None:
    """Writes a file on any file system of TensorFlow's; a kill leaves the old one or the new."""
    partial = f"{path}.partial"
    with tf.io.gfile.GFile(partial, "wb") as file:
        file.write(content)
    tf.io.gfile.rename(partial, path, overwrite=True)
