"""Reads what the Trainer of this project writes beside a model."""

import json

from tfx.dsl.io import fileio

from modules.training.history import HISTORY_FILE, EpochRow
from modules.training.record import RECORD_FILE, TrainingRecord


def read_history(model_run: str) -> list[EpochRow]:
    """Returns the epochs of a training, one or more.

    Args:
      model_run: Folder of an artifact ModelRun.

    Raises:
      FileNotFoundError: There is no history: it was another trainer, or it has finished no epoch.
    """
    path = f"{model_run}/{HISTORY_FILE}"
    if not fileio.exists(path):
        raise FileNotFoundError(f"{path}: the history of the training is missing")
    with fileio.open(path) as file:
        rows: list[EpochRow] = json.loads(file.read())
    if not rows:
        raise FileNotFoundError(f"{path}: expected epochs, received none")
    return rows


def read_record(model_run: str) -> TrainingRecord | None:
    """Returns what the training was; None for one of a version that did not write that.

    Args:
      model_run: Folder of an artifact ModelRun.
    """
    path = f"{model_run}/{RECORD_FILE}"
    if not fileio.exists(path):
        return None
    with fileio.open(path) as file:
        return TrainingRecord.model_validate_json(file.read())
