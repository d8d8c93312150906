"""Reads how a model was trained."""

from pathlib import PurePosixPath

from components.model_run import read_history, read_record
from components.run_report.content.training import Curve, Training
from modules.training.history import find_best


def read_training(model_run: str) -> Training:
    """Returns the training of a model.

    Args:
      model_run: Folder of what the Trainer wrote beside the model.

    Raises:
      FileNotFoundError: There is no history: it was another trainer, or it has finished no epoch.
    """
    rows = read_history(model_run)
    curves = tuple(
        Curve(name=name, values=tuple(row[name] for row in rows))
        for name in rows[0]
        if name != "epoch"
    )
    chosen_epoch = int(find_best(rows)["epoch"])
    record = read_record(model_run)
    if record is None:
        return Training(curves=curves, chosen_epoch=chosen_epoch, hyperparameters={})
    kinds = sorted({_kind(device) for device in record.devices})
    return Training(
        curves=curves,
        chosen_epoch=chosen_epoch,
        hyperparameters=record.hyperparameters,
        tuned=record.tuned,
        replicas=record.replicas,
        devices=" and ".join(kinds),
    )


def _kind(device: str) -> str:
    """Returns the kind of a device of TensorFlow's, such as CPU of `/.../device:CPU:0`."""
    return PurePosixPath(device).name.removeprefix("device:").partition(":")[0]
