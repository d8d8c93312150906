"""What a client of a model server is told; the same over REST and gRPC."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from serving.errors import Code
from serving.tensors import Array


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
