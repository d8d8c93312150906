"""What TensorBoard is given of a run, read back from the files that it reads."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugin_util import markdown_to_safe_html
from tensorboard.plugins.hparams import metadata
from tensorboard.util.tensor_util import make_ndarray

from components.run_report.charts.pictures import decode_picture
from components.run_report.content.evaluation import Predictions
from components.run_report.content.report import Measurements
from components.run_report.content.training import Training
from runners.tensorboard.summaries import write_curves, write_run
from support.run_report.made_up import (
    NUM_MISREAD,
    SCRIPT,
    make_failed,
    make_measurements,
    make_report,
    with_names,
)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """The folder of a run."""
    folder = tmp_path / "run"
    write_run(make_measurements(), folder)
    return folder


def _read(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def _scalars(folder: Path) -> dict[str, dict[int, float]]:
    """Returns each scalar's values by step."""
    events = _read(folder)
    return {
        tag: {event.step: float(make_ndarray(event.tensor_proto)) for event in events.Tensors(tag)}
        for tag in events.Tags()["tensors"]
        if events.SummaryMetadata(tag).plugin_data.plugin_name == "scalars"
    }


def _images(folder: Path, tag: str) -> list[np.ndarray[Any, Any]]:
    """Returns the images of a summary, which holds width, height, and the PNG of each."""
    [event] = _read(folder).Tensors(tag)
    return [np.asarray(Image.open(io.BytesIO(png))) for png in event.tensor_proto.string_val[2:]]


def _training(measurements: Measurements) -> Training:
    assert isinstance(measurements.training, Training)
    return measurements.training


def _predictions(measurements: Measurements) -> Predictions:
    assert isinstance(measurements.predictions, Predictions)
    return measurements.predictions


def test_misread_examples_are_shown_pixel_by_pixel_the_worst_first(logs: Path):
    expected = [decode_picture(each.picture) for each in _predictions(make_measurements()).misread]

    shown = _images(logs, "misread")

    assert len(shown) == NUM_MISREAD
    np.testing.assert_array_equal(shown, expected)


def test_each_misread_example_is_described_and_no_markup_in_a_name_is_run(logs: Path):
    described = _read(logs).SummaryMetadata("misread").summary_description

    assert len(described.splitlines()) == NUM_MISREAD
    assert described.startswith("1. row 0: a 0 read as ")
    assert SCRIPT in described
    assert "<script" not in markdown_to_safe_html(described), "TensorBoard's page shows this"


def test_classes_are_described_by_their_names(tmp_path: Path):
    write_run(with_names(make_report()).measurements, tmp_path)

    read = _read(tmp_path)
    misread = read.SummaryMetadata("misread").summary_description
    assert "2. row 37: a 1 (class number 1) read as 8 (class number 8), 98.0% sure" in misread
    confusion = read.SummaryMetadata("confusion matrix").summary_description
    assert " The classes: 0 (class number 0), 1 (class number 1), " in confusion


def test_the_confusion_matrix_is_bright_where_the_model_is_right(logs: Path):
    [drawing] = _images(logs, "confusion matrix")

    cell = len(drawing) // 10
    centres = drawing[cell // 2 :: cell, cell // 2 :: cell]
    assert (np.diag(centres) > 250).all()
    # 3 of 1,000 rows each.
    assert set(centres[~np.eye(10, dtype=bool)].tolist()) == {int(255.5 * 0.003 ** (1 / 3))}


def test_a_matrix_of_many_classes_keeps_a_bounded_size(tmp_path: Path):
    many = _predictions(make_measurements()).model_copy(
        update={"confusion": tuple(map(tuple, np.eye(300, dtype=int).tolist()))}
    )

    write_run(make_measurements().model_copy(update={"predictions": many}), tmp_path)

    [drawing] = _images(tmp_path, "confusion matrix")
    assert drawing.shape == (900, 900)


def test_metrics_by_epoch_are_written_as_keras_would(logs: Path):
    trained = _training(make_measurements())
    curves = {curve.name: curve.values for curve in trained.curves}

    write_curves(trained, logs, ["train", "validation"])

    training, validation = _scalars(logs / "train"), _scalars(logs / "validation")

    assert set(training) == set(validation) == {"epoch_loss", "epoch_accuracy"}
    assert training["epoch_loss"] == pytest.approx(dict(enumerate(curves["loss"])))
    assert validation["epoch_accuracy"] == pytest.approx(dict(enumerate(curves["val_accuracy"])))


def test_hyperparameters_and_final_metrics_are_those_of_the_run(logs: Path):
    events = _read(logs)

    started = metadata.parse_session_start_info_plugin_data(
        events.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    )
    final = _scalars(logs)
    assert started.hparams["epochs"].number_value == 4
    assert started.hparams["strategy"].string_value == "mirrored"
    assert final["test_accuracy"] == pytest.approx({0: 0.9949})
    assert final["test_misread"] == {0: 270}


def test_what_is_no_number_is_written_too(tmp_path: Path):
    measured = make_measurements()
    training = _training(measured).model_copy(
        update={"hyperparameters": {"layers": [16, 32], "seed": None}}
    )
    evaluation = measured.evaluation.model_copy(update={"metrics": {"auc": math.nan}})

    write_run(
        measured.model_copy(update={"training": training, "evaluation": evaluation}), tmp_path
    )

    assert math.isnan(_scalars(tmp_path)["test_auc"][0])


def test_a_run_that_measured_nothing_has_an_empty_folder_of_logs(tmp_path: Path):
    write_run(make_failed().measurements, tmp_path)

    assert _read(tmp_path).Tags()["tensors"] == []
