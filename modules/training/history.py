"""What a training writes of its epochs, and which of them is the best (standard library only)."""

from collections.abc import Sequence
from typing import Final

HISTORY_FILE: Final = "history.json"
"""What it is called wherever it is written: with the checkpoints, and in the model run."""

EpochRow = dict[str, float]
"""One epoch of history.json: `epoch` from 1, loss, accuracy, val_loss and val_accuracy."""

SELECTED_BY: Final = "val_accuracy"
"""The metric, better if higher, that the epoch to export is selected by."""


def find_best(rows: Sequence[EpochRow]) -> EpochRow:
    """Returns the epoch with the best validation accuracy, the first of equals.

    Args:
      rows: At least one.
    """
    return max(rows, key=lambda row: row[SELECTED_BY])
