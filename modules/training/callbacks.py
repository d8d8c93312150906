"""What happens at the steps and epochs of a training, beside the learning."""

import json
import math
from collections.abc import Sequence

import keras

from modules.training.history import EpochRow
from modules.training.progress import TrainingProgress, report_epoch, report_step
from modules.training.whole_file import write_whole

_STEPS_BETWEEN_REPORTS = 20
_HISTORY_METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")


class FiniteLoss(keras.callbacks.Callback):
    """Ends the run with an error when the loss is no longer a number.

    Keras' own TerminateOnNaN only stops the training, and the run would export what is left.
    """

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras passes it by name
        """Remembers the epoch, for the message."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Checks now and then; the mean over the epoch does not recover from one bad step."""
        if (batch + 1) % _STEPS_BETWEEN_REPORTS == 0:
            self._check(logs or {}, f"step {batch + 1}/{self.params['steps']}")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - as above
        """Checks the losses of the whole epoch, before anything is saved."""
        self._check(logs or {}, "end")

    def _check(self, logs: dict[str, float], place: str) -> None:
        for name in ("loss", "val_loss"):
            value = logs.get(name, 0.0)
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"Epoch {self._epoch + 1}/{self.params['epochs']}, {place}: expected a finite "
                    f"{name}, received {value}. The training has diverged: lower "
                    "training.learning_rate, and look for values out of range in the transformed "
                    "features."
                )


class ProgressReport(keras.callbacks.Callback):
    """Passes the state of the training on to modules.training.progress."""

    def __init__(self, *, trial: int = 0, trials: int = 0) -> None:
        """Makes a callback.

        Args:
          trial: Which training of a search it is, from 1; 0 if it is not of one.
          trials: How many the search has at most.
        """
        super().__init__()
        self._trial = trial
        self._trials = trials

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras passes it by name
        """Remembers the epoch, for the reports of its steps."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Reports one step in twenty."""
        if (batch + 1) % _STEPS_BETWEEN_REPORTS == 0:
            report_step(self._progress(batch + 1, logs))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - as above
        """Reports the epoch."""
        report_epoch(self._progress(self.params["steps"], logs))

    def _progress(self, step: int, logs: dict[str, float] | None) -> TrainingProgress:
        logs = logs or {}
        return TrainingProgress(
            epoch=self._epoch + 1,
            epochs=self.params["epochs"],
            step=step,
            steps=self.params["steps"],
            metrics={name: logs[name] for name in _HISTORY_METRICS if name in logs},
            trial=self._trial,
            trials=self._trials,
        )


class HistoryFile(keras.callbacks.Callback):
    """Writes every epoch's losses and accuracies to JSON files, complete after each epoch.

    Attributes:
      rows: One row for each epoch so far, those before a restart included.
    """

    def __init__(self, paths: Sequence[str], rows: Sequence[EpochRow] = ()) -> None:
        """Begins with the rows of the epochs before a restart.

        Args:
          paths: The files to write; all get the same content.
          rows: The rows of the epochs that are done already.
        """
        super().__init__()
        self.rows: list[EpochRow] = list(rows)
        self._paths = paths

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras passes it by name
        """Writes the rows there are, so that no file is missing if there is nothing to do."""
        self._write()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Adds the epoch's row."""
        logs = logs or {}
        self.rows.append({"epoch": epoch + 1, **{name: logs[name] for name in _HISTORY_METRICS}})
        self._write()

    def _write(self) -> None:
        for path in self._paths:
            write_whole(path, f"{json.dumps(self.rows, indent=2)}\n".encode())
