"""Tells how far a training is, in log records that any handler can draw (standard library only).

    class Bars(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            progress = progress_of(record)

A handler on the logger of this module sees one INFO record for each epoch and, if the logger is
set to DEBUG, records for the steps between.
"""

import logging
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)

_RECORD_ATTRIBUTE = "training_progress"


@dataclass(frozen=True, kw_only=True)
class TrainingProgress:
    """Where a training stands.

    Attributes:
      epoch: The epoch that runs or has just ended, from 1.
      epochs: Epochs in all.
      step: Steps done in this epoch, from 1.
      steps: Steps in one epoch.
      metrics: Means over the epoch so far, by Keras name: `loss`, `accuracy` and, at the end of
        an epoch, `val_loss` and `val_accuracy`.
      trial: Which training of a search it is, from 1; 0 if it is not of one.
      trials: How many the search has at most.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    metrics: dict[str, float] = field(default_factory=dict)
    trial: int = 0
    trials: int = 0

    @property
    def place(self) -> str:
        """Where it stands in words: `epoch 1/4`, or `trial 3/12, epoch 1/4`."""
        epoch = f"epoch {self.epoch}/{self.epochs}"
        return f"trial {self.trial}/{self.trials}, {epoch}" if self.trial else epoch


def report_step(progress: TrainingProgress) -> None:
    """Logs a step at level DEBUG."""
    logger.debug(
        "Epoch %d/%d, step %d/%d: %s",
        progress.epoch,
        progress.epochs,
        progress.step,
        progress.steps,
        _render_metrics(progress.metrics),
        extra={_RECORD_ATTRIBUTE: progress},
    )


def report_epoch(progress: TrainingProgress) -> None:
    """Logs the end of an epoch at level INFO."""
    logger.info(
        "Epoch %d/%d: %s",
        progress.epoch,
        progress.epochs,
        _render_metrics(progress.metrics),
        extra={_RECORD_ATTRIBUTE: progress},
    )


def progress_of(record: logging.LogRecord) -> TrainingProgress | None:
    """Returns the progress that a log record carries, None if it carries none."""
    return getattr(record, _RECORD_ATTRIBUTE, None)


def _render_metrics(metrics: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
