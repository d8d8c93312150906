"""Turns what LocalDagRunner and nodes log into events that a display can draw."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from components.idx_example_gen.progress import RowProgress, rows_of
from modules.training.progress import TrainingProgress, progress_of
from modules.tuning.progress import trial_of
from modules.tuning.trials import Trial
from runners.interrupts import Interruption
from runners.progress import progress_told_to


class NodeObserver(Protocol):
    """What is told about a run while it goes on."""

    def node_started(self, node_id: str) -> None:
        """`node_id` is about to run, or to be found in the cache."""

    def node_cached(self, node_id: str) -> None:
        """`node_id` reuses the output of an earlier run."""

    def node_finished(self, node_id: str) -> None:
        """`node_id` is done."""

    def node_failed(self, node_id: str) -> None:
        """`node_id` raised an error, and the run ends with it."""

    def rows_converted(self, rows: RowProgress) -> None:
        """Some more rows of the files have been converted."""

    def training_progressed(self, training: TrainingProgress) -> None:
        """The trainer did some more steps."""

    def trial_ended(self, trial: Trial) -> None:
        """One training of a search is over."""


class _EventHandler(logging.Handler):
    """Reads the log records by their templates, which TFX 1.21 does not expose otherwise."""

    def __init__(self, observer: NodeObserver, interruption: Interruption) -> None:
        super().__init__(logging.DEBUG)
        self._observer = observer
        self._interruption = interruption
        self.running_node = ""

    def emit(self, record: logging.LogRecord) -> None:
        match record.msg, record.args:
            case "Component %s is running.", (str(node_id),):
                if self._interruption.happened:  # and was lost in the node before
                    raise KeyboardInterrupt
                self.running_node = node_id
                self._observer.node_started(node_id)
            case "A cached execution %d is used.", _:
                self._observer.node_cached(self.running_node)
            case "Component %s is finished.", (str(node_id),):
                self.running_node = ""
                self._observer.node_finished(node_id)
            case _:
                if training := progress_of(record):
                    self._observer.training_progressed(training)
                elif trial := trial_of(record):
                    self._observer.trial_ended(trial)
                elif rows := rows_of(record):
                    self._observer.rows_converted(rows)


@contextmanager
def observe_nodes(observer: NodeObserver, interruption: Interruption) -> Iterator[None]:
    """Tells `observer` what happens within the block; needs log level INFO for logger absl.

    Args:
      observer: Told of nodes, rows and training.
      interruption: Once it has happened, no further node is begun.
    """
    handler = _EventHandler(observer, interruption)
    tfx_log = logging.getLogger("absl")
    tfx_log.addHandler(handler)
    try:
        with progress_told_to(handler):
            yield
    except Exception:
        if handler.running_node:
            observer.node_failed(handler.running_node)
        raise
    finally:
        tfx_log.removeHandler(handler)
