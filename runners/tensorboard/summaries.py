"""Writes what was measured of a run as TensorBoard's summaries (TensorFlow comes with it)."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from components.class_names import show_class
from components.run_report.charts.pictures import decode_picture
from components.run_report.content.evaluation import Evaluation, Misread, Predictions
from components.run_report.content.report import Measurements
from components.run_report.content.search import Search
from components.run_report.content.training import Training

TRAIN, VALIDATION = "train", "validation"
"""The folders that Keras logs into, below that of the run."""

MAX_PICTURES = 48
"""So many misread examples of a run are shown, the worst first."""

_MAX_CELL, _MATRIX_PIXELS = 16, 1024
_ABOUT_CONFUSION = (
    "Rows: what it is, from the first class on. Columns: what the model answered. Brightness: the "
    "cube root of the share of the row, so that rare mistakes are seen."
)


def write_run(run: Measurements, folder: Path) -> None:
    """Writes hyperparameters, final metrics and pictures of a run, as far as it has them.

    TensorBoard itself finds out which hyperparameters differ between runs.

    Args:
      run: What was measured of it.
      folder: The folder of the run.
    """
    with tf.summary.create_file_writer(str(folder)).as_default():
        if settings := _hyperparameters(run):
            hparams.hparams(settings, trial_id=folder.name)
        for name, value in _final_metrics(run).items():
            tf.summary.scalar(name, value, step=0)
        if isinstance(run.predictions, Predictions):
            _write_confusion(run.predictions, run.class_names)
            _write_misread(run.predictions.misread[:MAX_PICTURES], run.class_names)


def write_curves(training: Training, folder: Path, parts: Collection[str]) -> None:
    """Writes metrics by epoch under the names, and with the steps, that Keras gives them.

    Args:
      training: Their values.
      folder: The folder of the run.
      parts: Of TRAIN and VALIDATION, those that are wanted.
    """
    for part in parts:
        with tf.summary.create_file_writer(str(folder / part)).as_default():
            for curve in training.curves:
                if curve.name.startswith("val_") == (part == VALIDATION):
                    name = f"epoch_{curve.name.removeprefix('val_')}"
                    for epoch, value in enumerate(curve.values):
                        tf.summary.scalar(name, value, step=epoch)


def write_trials(search: Search, folder: Path) -> None:
    """Writes each trial of a search with its hyperparameters to a folder of its own.

    Args:
      search: The search.
      folder: The folder of the run.
    """
    for trial in search.trials:
        name = f"trial-{trial.number:02d}"
        with tf.summary.create_file_writer(str(folder / name)).as_default():
            hparams.hparams(trial.values, trial_id=f"{folder.name} {name}")
            for epoch, accuracy in enumerate(trial.val_curve):
                tf.summary.scalar("val_accuracy", accuracy, step=epoch)


def write_graph(graph: tf.Graph, folder: Path) -> None:
    """Writes the operations of a model to the folder of its run."""
    with tf.summary.create_file_writer(str(folder)).as_default():
        tf.summary.graph(graph)


def _hyperparameters(run: Measurements) -> dict[str, bool | float | str]:
    settings = run.training.hyperparameters if isinstance(run.training, Training) else {}
    return {
        name: value if isinstance(value, bool | int | float | str) else str(value)
        for name, value in settings.items()
    }


def _final_metrics(run: Measurements) -> dict[str, float]:
    """Returns what was measured on the test split, named as what it is beside the epochs'."""
    metrics = run.evaluation.metrics if isinstance(run.evaluation, Evaluation) else {}
    named = {f"test_{name}": value for name, value in metrics.items()}
    if isinstance(run.predictions, Predictions):
        named["test_misread"] = float(run.predictions.num_misread)
    return named


def _write_confusion(predictions: Predictions, class_names: Sequence[str]) -> None:
    counts = np.asarray(predictions.confusion, np.float32)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cell = max(1, min(_MAX_CELL, _MATRIX_PIXELS // len(counts)))
    drawing = np.kron(np.cbrt(shares), np.ones((cell, cell), np.float32))
    told = _ABOUT_CONFUSION
    if class_names:
        shown = (show_class(each, class_names) for each in predictions.classes)
        told = f"{told} The classes: {', '.join(shown)}."
    tf.summary.image("confusion matrix", drawing[np.newaxis, :, :, np.newaxis], 0, description=told)


def _write_misread(misread: Sequence[Misread], class_names: Sequence[str]) -> None:
    if not misread:
        return
    told = "\n".join(
        f"{number}. row {each.row}: a {show_class(each.label, class_names)} read as "
        f"{show_class(each.answer, class_names)}, {each.probability:.1%} sure"
        for number, each in enumerate(misread, start=1)
    )
    pictures = np.stack([_read_picture(each) for each in misread])
    tf.summary.image("misread", pictures, 0, max_outputs=len(misread), description=told)


def _read_picture(misread: Misread) -> npt.NDArray[np.float32]:
    """Returns a picture, float32 [height, width, channels] from 0 to 1."""
    pixels = decode_picture(misread.picture)
    return np.atleast_3d(pixels).astype(np.float32) / np.float32(255)
