"""Tells in the log of a task, every ten seconds, that its node goes on, and how far it is."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from components.idx_example_gen.progress import RowProgress, rows_of
from modules.training.progress import TrainingProgress, progress_of
from runners.progress import (
    SECONDS_BETWEEN_SIGNS,
    describe_progress,
    progress_told_to,
    repeated,
)

logger = logging.getLogger(__name__)


class _LastToldHandler(logging.Handler):
    """Keeps what the node has told last."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.rows: RowProgress | None = None
        self.training: TrainingProgress | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.rows = rows_of(record) or self.rows
        self.training = progress_of(record) or self.training


@contextmanager
def telling_progress(
    node_id: str,
    *,
    seconds: float = SECONDS_BETWEEN_SIGNS,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Within the block, in which a node runs, the log has a line for it again and again.

    Args:
      node_id: The node.
      seconds: From one line to the next.
      clock: Seconds since whenever.
    """
    last_told = _LastToldHandler()
    started = clock()

    def tell() -> None:
        progress = describe_progress(clock() - started, last_told.rows, last_told.training)
        logger.info("%s: still running, %s", node_id, progress)

    with progress_told_to(last_told), repeated(tell, seconds=seconds):
        yield
