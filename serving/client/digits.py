"""Asks which digits are on images; everything else of the client serves any model (numpy only)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serving.client.answers import Client, Prediction

DIGIT_SIGNATURE = "serve_images"
_DIGIT_INPUT = "images"
_PROBABILITIES = "probabilities"


@dataclass(frozen=True)
class DigitPrediction:
    """What the model takes one image for.

    Attributes:
      digit: The most probable class.
      probabilities: float [classes].
    """

    digit: int
    probabilities: npt.NDArray[np.float64]


def predict_digits(
    client: Client,
    images: npt.NDArray[np.uint8],
    *,
    version: int | None = None,
    label: str | None = None,
) -> tuple[list[DigitPrediction], Prediction]:
    """Asks what digits are on images.

    Args:
      client: Where to ask.
      images: uint8 [images, 28, 28], ink is 255.
      version: The version to ask, None for the newest.
      label: The version to ask, by label.

    Returns:
      An answer for each image, and the whole answer.

    Raises:
      ClientError: The server refused, or did not answer.
    """
    prediction = client.predict(
        {_DIGIT_INPUT: images}, signature_name=DIGIT_SIGNATURE, version=version, label=label
    )
    probabilities = np.asarray(prediction.outputs[_PROBABILITIES], np.float64)
    digits = [DigitPrediction(int(row.argmax()), row) for row in probabilities]
    return digits, prediction
