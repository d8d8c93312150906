"""Signs of life of a node, for whoever watches no terminal (no TensorFlow)."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from components.idx_example_gen import progress as row_progress
from components.idx_example_gen.progress import RowProgress
from modules.training import progress as training_progress
from modules.training.progress import TrainingProgress
from modules.tuning import progress as tuning_progress

SECONDS_BETWEEN_SIGNS = 10.0

_LOGGERS = (row_progress.logger, training_progress.logger, tuning_progress.logger)


@contextmanager
def progress_told_to(handler: logging.Handler) -> Iterator[None]:
    """Within the block, a handler gets what nodes log of their progress, at level DEBUG."""
    levels = [logger.level for logger in _LOGGERS]
    for logger in _LOGGERS:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        for logger, level in zip(_LOGGERS, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)


@contextmanager
def repeated(call: Callable[[], None], *, seconds: float = SECONDS_BETWEEN_SIGNS) -> Iterator[None]:
    """Within the block, calls a function again and again, from a thread of its own.

    Args:
      call: What to call; where its output goes may be gone, of which others tell.
      seconds: From one call to the next, and before the first.
    """
    ended = threading.Event()

    def run() -> None:
        with suppress(OSError, ValueError):  # of what is closed
            while not ended.wait(seconds):
                call()

    thread = threading.Thread(target=run, name="signs-of-life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def describe_progress(
    seconds: float, rows: RowProgress | None, training: TrainingProgress | None
) -> str:
    """Returns for how long a node has run, and how far it is if it tells.

    Args:
      seconds: Since its start.
      rows: What it has converted, if it converts.
      training: Where it stands, if it trains.
    """
    parts = [f"{seconds:.0f} s"]
    if rows:
        parts.append(f"{rows.done:,} of {rows.total:,} rows")
    if training:
        parts.append(training.place)
        parts.append(f"step {training.step}/{training.steps}")
    return ", ".join(parts)
