"""A trained model, and real images to export it with."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from components.model_exporter.description import Description
from components.model_exporter.exporting import SIGNATURE, Images, export_model
from components.model_exporter.formats import ExportFormat
from components.model_exporter.reference import ask_saved_model
from components.versioned_directory.exports import ExportManifest
from modules.features import PROBABILITIES_KEY
from support.mnist_model import read_mnist, save_mnist_model

DESCRIPTION = Description(name="digits", model_digest="f00d", lineage={"run_id": "a run"})

_NUM_IMAGES = 1000
_NUM_CALIBRATION_IMAGES = 300
# More than twice what an int8 model may be off by: none of these images is a near tie, and so no
# other processor makes another class of it.
_SURE = 0.25


@dataclass(frozen=True)
class ExportableModel:
    """A SavedModel that has learned for some seconds, and what it is exported with."""

    saved_model: Path
    images: Images

    def export(
        self, folder: Path, *formats: ExportFormat, images: Images | None = None
    ) -> ExportManifest:
        """Exports it to `folder`, with its own images if no others are given."""
        return export_model(self.saved_model, folder, formats, images or self.images, DESCRIPTION)


def train_exportable_model(folder: Path) -> ExportableModel:
    """Trains a model and writes it below `folder`."""
    saved_model = save_mnist_model(folder / "model", folder / "scratch")
    digits, _ = read_mnist("t10k", 2 * _NUM_IMAGES)
    answers = ask_saved_model(saved_model, SIGNATURE, digits).answers
    second, first = np.sort(answers[PROBABILITIES_KEY], axis=1)[:, -2:].T
    calibration, _ = read_mnist("train", _NUM_CALIBRATION_IMAGES)
    sure = digits[first - second > _SURE][:_NUM_IMAGES]
    return ExportableModel(saved_model, Images(test=sure, calibration=calibration))
