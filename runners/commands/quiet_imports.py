"""Keeps TensorFlow's greeting off the terminal."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Within the block, nothing that is written to stderr is seen.

    TensorFlow 2.21 tells of CPU instructions and missing CUDA drivers when it is imported, whatever
    TF_CPP_MIN_LOG_LEVEL says, and writes to the file descriptor itself. An import that fails still
    raises its error.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
