"""Exports of a model are called as the model itself calls its classes."""

import json
from pathlib import Path

import keras
import numpy as np
import onnx

from components.model_exporter.exporting import Images, export_model
from components.model_exporter.formats import ExportFormat
from components.model_exporter.reference import read_class_names
from modules.hyperparameters import Hyperparameters
from modules.model import build_model
from support.exports.models import DESCRIPTION
from support.mnist_model import save_model
from support.serving.colour_model import COLOURS, save_nameless_model

PICTURES = np.random.default_rng(1).integers(0, 256, (200, *COLOURS.image_shape), np.uint8)


def test_a_file_for_another_runtime_has_the_names_that_the_model_tells(tmp_path: Path):
    keras.utils.set_random_seed(1)
    model = build_model(Hyperparameters(), COLOURS)
    saved_model = save_model(model, tmp_path / "model", tmp_path / "scratch", COLOURS)
    images = Images(test=PICTURES, calibration=PICTURES)

    manifest = export_model(
        saved_model, tmp_path / "exports", [ExportFormat.ONNX], images, DESCRIPTION
    )

    assert manifest.faults == {}
    exported = onnx.load(tmp_path / "exports" / "onnx" / "model.onnx")
    properties = {entry.key: entry.value for entry in exported.metadata_props}
    assert json.loads(properties["class_names"]) == list(COLOURS.class_names)


def test_a_model_from_before_it_had_names_tells_none(tmp_path: Path):
    saved_model = save_nameless_model(tmp_path / "model")

    assert read_class_names(saved_model, PICTURES[0]) == ()
