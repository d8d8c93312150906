"""Freed memory stays in the process, whatever TensorFlow has told malloc."""

import subprocess
import sys

from support.project import PROJECT

# In a process of its own, where no thread of another test frees a piece that a buffer fits into.
MEASURE = """
import ctypes, resource
import numpy as np
from modules.training.freed_memory import KeepFreedMemory

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
BUFFER_BYTES = 2**20

def faults(num_buffers):
    "Returns how many pages the kernel has to provide for buffers that come and go."
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(num_buffers):
        np.empty(BUFFER_BYTES, np.uint8).fill(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

# As TensorFlow leaves it.
for threshold in (TRIM_THRESHOLD, MMAP_THRESHOLD):
    assert ctypes.CDLL(None).mallopt(threshold, 128 * 1024) == 1
# A free piece that a buffer fits into is used again and again, whatever the thresholds are: once
# its pages have been touched, there are no more faults. Such pieces are taken out of the way.
taken = []
while (faults(10), faults(10))[1] < 10:
    taken.append(np.empty(BUFFER_BYTES, np.uint8))

as_it_was = faults(300)
KeepFreedMemory().on_train_batch_end(0)
faults(300)
print(as_it_was, faults(300))
"""


def test_from_the_second_step_on_buffers_are_used_again():
    process = subprocess.run(
        [sys.executable, "-c", MEASURE], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert process.returncode == 0, process.stderr
    as_it_was, kept = map(int, process.stdout.split())
    # A page may be large, but no buffer fits into one that is there already.
    assert as_it_was >= 300
    assert kept < 30
