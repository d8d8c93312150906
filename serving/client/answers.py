"""What a client of a model server is told; the same over REST and gRPC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from serving.errors import Code
from serving.tensors import Array, Signature


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
class Classification:
    """The classes of some examples.

    Attributes:
      classes: For each example its classes, each with its name and its score, in the order that
        the model has them in.
      version: As of a `Prediction`.
      milliseconds: From sending the request to having the answer.
    """

    classes: Sequence[Sequence[tuple[str, float]]]
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

    def classify(
        self,
        examples: Sequence[Mapping[str, bytes]],
        *,
        signature_name: str = ...,
        version: int | None = ...,
        label: str | None = ...,
    ) -> Classification:
        """Asks for the classes of examples, which are features by name."""

    def read_signatures(
        self, *, version: int | None = ..., label: str | None = ...
    ) -> Mapping[str, Signature]:
        """Returns what the model can be asked for, by name."""

    def read_versions(self) -> list[VersionState]:
        """Returns the versions that the server knows, newest first."""
