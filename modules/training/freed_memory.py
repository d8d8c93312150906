"""Keeps freed memory in the process, which TensorFlow would give back at every step."""

import ctypes

import keras

# From glibc's malloc.h; see mallopt(3).
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_KEPT_BYTES = 2**30
# Half of what one of malloc's heaps holds: glibc takes no more.
_LARGEST_MMAP_THRESHOLD = 32 * 2**20


class KeepFreedMemory(keras.callbacks.Callback):
    """Undoes what TensorFlow 2.21 does to malloc when a training begins.

    It creates a generator dataset then, and with it sets M_TRIM_THRESHOLD to 128 kB for the whole
    process (generator_dataset_op.cc, "Memory patch applied"). That also ends glibc's own adaptation
    of M_MMAP_THRESHOLD. Each buffer of a step would be mapped anew and filled with zeros by the
    kernel, which took half of the time of a training on two CPUs.
    """

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras passes it by name
        """Does so after the first step of each epoch: by then the dataset is there."""
        if batch == 0:
            keep_freed_memory()


def keep_freed_memory() -> None:
    """Sets how much freed memory this process keeps; does nothing without glibc's malloc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)
