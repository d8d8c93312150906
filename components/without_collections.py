"""Keeps the collector of garbage from what stays (standard library only).

TFX, Beam and TensorFlow are 9,000 modules of a million objects. While they are loaded, Python goes
through all of them again and again, and once more whenever a node has made a quarter as many: of
37 seconds of CPU that a quick run took, these were three; now they are less than half of one.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collections() -> Iterator[None]:
    """Within the block nothing is collected; what is there at its end is never looked at again.

    It is for imports, once in a process: garbage that the block leaves in cycles stays.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
