"""Tells how many rows have been converted, in log records that any handler can draw.

Rows are counted where they are converted in the process of the node, as they are by default; what
workers in other processes do is not told. Needs the standard library only.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

logger = logging.getLogger(__name__)

_RECORD_ATTRIBUTE = "row_progress"


@dataclass(frozen=True)
class RowProgress:
    """Where a conversion stands.

    Attributes:
      done: Rows that have been written.
      total: Rows in all files.
    """

    done: int
    total: int


class _Conversion:
    """The conversion that this process is at, if any: workers are threads of it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.progress: RowProgress | None = None


_conversion = _Conversion()


@contextmanager
def counted_rows(total: int) -> Iterator[None]:
    """Within the block, this process converts so many rows; see `count_rows`."""
    _conversion.progress = RowProgress(0, total)
    try:
        yield
    finally:
        _conversion.progress = None


def count_rows(num_rows: int) -> None:
    """Logs at level DEBUG that so many more rows have been written."""
    with _conversion.lock:
        before = _conversion.progress
        if before is None:
            return
        now = RowProgress(before.done + num_rows, before.total)
        _conversion.progress = now
    logger.debug("Converted %d of %d rows", now.done, now.total, extra={_RECORD_ATTRIBUTE: now})


def rows_of(record: logging.LogRecord) -> RowProgress | None:
    """Returns the progress that a log record carries, None if it carries none."""
    return getattr(record, _RECORD_ATTRIBUTE, None)
