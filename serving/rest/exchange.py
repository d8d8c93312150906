"""A request and its reply, as plain as ASGI gives and takes them (standard library only)."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

TARGET = "tfx_mnist.target"
"""Where a connection of ours adds to ASGI's scope what the request line has after the method."""
WHOLE = "tfx_mnist.whole"
"""Where it notes that all of the body has come."""


class Request:
    """A request whose headers have come.

    Attributes:
      method: In capitals.
      path: Percent-encoded, without the query.
      target: The path and all that stands behind it.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.method: str = scope["method"]
        path: bytes = scope["raw_path"]
        self.path = path.decode("latin-1")
        self.target = self.path + scope[TARGET].partition(path)[2].decode("latin-1")
        self.receive = receive
        self._scope = scope
        self._headers: list[tuple[bytes, bytes]] = scope["headers"]

    @property
    def is_whole(self) -> bool:
        """Whether nobody need wait for the body any more."""
        return WHOLE in self._scope

    def find_header(self, name: str) -> str | None:
        """Returns the first header of a name in small letters, None if there is none."""
        wanted = name.encode()
        for key, value in self._headers:
            if key == wanted:
                return value.decode("latin-1")
        return None


@dataclass(frozen=True)
class Reply:
    """What a request is answered with.

    Attributes:
      status: HTTP's number of how it went.
      content: The body.
      content_type: Its media type.
      headers: All other headers but the length.
    """

    status: int
    content: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    async def send(self, send: Send) -> None:
        """Sends it, as ASGI demands."""
        headers = [
            (b"content-length", str(len(self.content)).encode()),
            (b"content-type", self.content_type.encode()),
            *((name.encode(), value.encode()) for name, value in self.headers.items()),
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.content})
