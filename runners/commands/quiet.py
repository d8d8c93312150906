"""Keeps the words of TFX, Beam and TensorFlow off the terminal, C++ included."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

_DEVICES = Path("/dev")
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@contextmanager
def log_to_file(path: Path) -> Iterator[TextIO]:
    """Within the block, everything written to stdout and stderr goes to `path`.

    TensorFlow's C++ code writes to the file descriptor itself, so that replacing `sys.stderr`
    would not hold it. Also makes `path` the target of Python's logging from level INFO.

    Yields:
        The terminal (or whatever stdout was), to write on.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _log_in(path), _descriptors_in(path) as terminal:
        yield terminal


@contextmanager
def quiet_stderr() -> Iterator[None]:
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


@contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """As `quiet_stderr`, for TensorFlow, of whose C++ code only errors are seen from then on.

    Whoever wants more sets TF_CPP_MIN_LOG_LEVEL.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with quiet_stderr():
        yield
        if not any(_DEVICES.glob("nvidia*")):
            import tensorflow as tf  # noqa: PLC0415 - it has been imported

            # It tells once, as an error, that there is no GPU: here, where it is none.
            tf.config.list_physical_devices()


@contextmanager
def _log_in(path: Path) -> Iterator[None]:
    """Within the block, Python's logging goes to `path`."""
    handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter(_FORMAT))
    root = logging.getLogger()
    level_before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level_before)
        with suppress(OSError):  # of a full disk, which must not hide how the block ended
            handler.close()


@contextmanager
def _descriptors_in(path: Path) -> Iterator[TextIO]:
    """Within the block, stdout and stderr go to `path`; yields what stdout was."""
    sys.stdout.flush()
    sys.stderr.flush()
    terminal = os.fdopen(
        os.dup(1), "w", buffering=1, encoding=sys.stdout.encoding, errors=sys.stdout.errors
    )
    saved_stderr = os.dup(2)
    log_descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        os.dup2(log_descriptor, 1)
        os.dup2(log_descriptor, 2)
        yield terminal
    finally:
        try:
            _flush(sys.stdout, 1)
            _flush(sys.stderr, 2)
        finally:
            os.dup2(terminal.fileno(), 1)
            os.dup2(saved_stderr, 2)
            terminal.flush()
            os.close(log_descriptor)
            os.close(saved_stderr)


def _flush(stream: TextIO, descriptor: int) -> None:
    """Flushes to the log; drops what a full disk does not take, or the terminal would get it."""
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
        stream.flush()
