"""Reads how a model was trained."""

import json
from pathlib import PurePosixPath

from tfx.dsl.io import fileio

from components.run_report.content.training import Curve, Training
from modules.training.history import HISTORY_FILE, EpochRow, find_best
from modules.training.record import RECORD_FILE, TrainingRecord


def read_training(model_run: str) -> Training:
    """Returns the training of a model.

    Args:
      model_run: Folder of what the Trainer wrote beside the model.

    Raises:
      FileNotFoundError: There is no history: it was another trainer, or it has finished no epoch.
    """
    rows = _read_history(model_run)
    curves = tuple(
        Curve(name=name, values=tuple(row[name] for row in rows))
        for name in rows[0]
        if name != "epoch"
    )
    chosen_epoch = int(find_best(rows)["epoch"])
    record = _read_record(model_run)
    if record is None:
        return Training(curves=curves, chosen_epoch=chosen_epoch, hyperparameters={})
    kinds = sorted({_kind(device) for device in record.devices})
    return Training(
        curves=curves,
        chosen_epoch=chosen_epoch,
        hyperparameters=record.hyperparameters,
        replicas=record.replicas,
        devices=" and ".join(kinds),
    )


def _read_history(model_run: str) -> list[EpochRow]:
    path = f"{model_run}/{HISTORY_FILE}"
    if not fileio.exists(path):
        raise FileNotFoundError(f"{path}: the history of the training is missing")
    with fileio.open(path) as file:
        rows: list[EpochRow] = json.loads(file.read())
    if not rows:
        raise FileNotFoundError(f"{path}: expected epochs, received none")
    return rows


def _read_record(model_run: str) -> TrainingRecord | None:
    """Returns what the training was; None for one of a version that did not write that."""
    path = f"{model_run}/{RECORD_FILE}"
    if not fileio.exists(path):
        return None
    with fileio.open(path) as file:
        return TrainingRecord.model_validate_json(file.read())


def _kind(device: str) -> str:
    """Returns the kind of a device of TensorFlow's, such as CPU of `/.../device:CPU:0`."""
    return PurePosixPath(device).name.removeprefix("device:").partition(":")[0]
