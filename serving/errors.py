"""The errors that a request can end with, and the HTTP status of each (standard library only)."""

from enum import Enum


class Code(Enum):
    """Status codes of gRPC; the value is the number that status messages carry.

    https://grpc.github.io/grpc/core/md_doc_statuscodes.html
    """

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16

    @property
    def http_status(self) -> int:
        """The status that TF Serving's REST API answers with (http_server.cc)."""
        return _HTTP_STATUS.get(self, 500)


_HTTP_STATUS = {
    Code.OK: 200,
    Code.CANCELLED: 499,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.UNAVAILABLE: 503,
    Code.UNAUTHENTICATED: 401,
}


class ServingError(Exception):
    """A request, or the loading of a model, ends with this code and message.

    Attributes:
      code: What kind of error.
      message: The text that the client reads.
      http_status: Status of the REST answer; that of `code` unless HTTP has a better word.
    """

    def __init__(self, code: Code, message: str, *, http_status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.http_status = code.http_status if http_status is None else http_status

    def __str__(self) -> str:
        """Renders as absl::Status does, which messages of TF Serving quote."""
        return f"{self.code.name}: {self.message}"


def deadline_exceeded() -> ServingError:
    """Returns the error of a request whose time is over; the text is TF Serving's."""
    return ServingError(Code.DEADLINE_EXCEEDED, "Timed out waiting for notification")


def invalid_argument(message: str) -> ServingError:
    """Returns the error of a request that is wrong whatever the state of the server."""
    return ServingError(Code.INVALID_ARGUMENT, message)
