"""Freed memory stays in the process, whatever TensorFlow has told malloc."""

import ctypes
import resource
from collections.abc import Iterator

import numpy as np
import pytest

from modules.training.freed_memory import KeepFreedMemory

NUM_BUFFERS = 300
BUFFER_BYTES = 2**20
PAGES = NUM_BUFFERS * BUFFER_BYTES // resource.getpagesize()
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3


def _faults(num_buffers: int = NUM_BUFFERS) -> int:
    """Returns how many pages the kernel has to provide for buffers that come and go."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(num_buffers):
        np.empty(BUFFER_BYTES, np.uint8).fill(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.fixture
def _as_tensorflow_leaves_it() -> Iterator[None]:
    """Sets the thresholds; takes what other tests have left free in the heap.

    A free piece that a buffer fits into is used again and again, whatever the thresholds are.
    """
    for threshold in (TRIM_THRESHOLD, MMAP_THRESHOLD):
        assert ctypes.CDLL(None).mallopt(threshold, 128 * 1024) == 1
    taken = []
    while _faults(10) < 10:  # the first may have to touch pages that were never used
        taken.append(np.empty(BUFFER_BYTES, np.uint8))
    yield
    taken.clear()


@pytest.mark.usefixtures("_as_tensorflow_leaves_it")
def test_from_the_second_step_on_buffers_are_used_again():
    # A page may be large: then fewer of them are provided, but no fewer bytes.
    assert _faults() > PAGES / 1000

    KeepFreedMemory().on_train_batch_end(0)
    _faults()

    assert _faults() < PAGES / 1000
