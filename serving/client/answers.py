"""What a client of a model server is told; the same over REST and gRPC."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from serving.errors import Code

DIGIT_SIGNATURE = "serve_images"
_DIGIT_INPUT = "images"
_PROBABILITIES = "probabilities"

Array = npt.NDArray[Any]


class ClientError(Exception):
    """A server refused a request, or did not answer.

    Attributes:
      code: What kind of error.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Prediction:
    """The answer to one request.

    Attributes:
      outputs: What the model returned, by name.
      version: The version that answered; None over REST, whose replies don't tell, unless the
        request asked for one.
      milliseconds: From sending the request to having the answer.
    """

    outputs: Mapping[str, Array]
    version: int | None
    milliseconds: float


@dataclass(frozen=True)
class VersionState:
    """What a server tells about one version of a model.

    Attributes:
      version: Its number.
      state: "AVAILABLE" if it answers, else where it is in its life.
      error: Why it could not be loaded, "" if it could.
    """

    version: int
    state: str
    error: str


@dataclass(frozen=True)
class DigitPrediction:
    """What the model takes one image for.

    Attributes:
      digit: The most probable class.
      probabilities: float [classes].
    """

    digit: int
    probabilities: npt.NDArray[np.float64]


class Client(Protocol):
    """What both clients can do."""

    def predict(
        self,
        inputs: Mapping[str, Any],
        *,
        signature_name: str = ...,
        version: int | None = ...,
        label: str | None = ...,
    ) -> Prediction:
        """Calls a signature with arrays by name."""

    def read_versions(self) -> list[VersionState]:
        """Returns the versions that the server knows, newest first."""


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
