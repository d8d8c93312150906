"""What the trained model itself answered for a few images, kept beside the training's logs.

An exported model is a translation of the trained one: these answers are what the translation is
checked against. It needs numpy and TFX's file systems.
"""

import io
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from tfx.dsl.io import fileio

FILE_NAME = "reference_predictions.npz"


class ReferencePredictions(NamedTuple):
    """Images and the trained model's answers to them.

    Attributes:
      images: uint8 [rows, height, width].
      probabilities: float32 [rows, classes].
    """

    images: npt.NDArray[np.uint8]
    probabilities: npt.NDArray[np.float32]


def write_reference_predictions(folder: str, reference: ReferencePredictions) -> None:
    """Writes `reference` into `folder`, on any file system that TFX knows."""
    content = io.BytesIO()  # numpy seeks while it writes, which object stores can't
    np.savez_compressed(content, **reference._asdict())
    fileio.makedirs(folder)
    with fileio.open(f"{folder}/{FILE_NAME}", "wb") as file:
        file.write(content.getvalue())


def read_reference_predictions(folder: str) -> ReferencePredictions:
    """Reads what `write_reference_predictions` wrote.

    Raises:
      FileNotFoundError: There is no such file in `folder`.
    """
    path = f"{folder}/{FILE_NAME}"
    if not fileio.exists(path):
        raise FileNotFoundError(
            f"{path}: the trainer's reference predictions are missing; run_fn writes them with "
            "modules.training.reference_predictions.write_reference_predictions."
        )
    with fileio.open(path, "rb") as file:
        content = io.BytesIO(file.read())
    with np.load(content) as arrays:
        return ReferencePredictions(arrays["images"], arrays["probabilities"])
