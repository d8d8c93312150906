"""An HTTP server for tests that takes and answers JSON, over TLS if need be."""

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class JsonRequest:
    """What the server was sent; `token` is the Authorization header."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    token: str | None


class AnswerCutOffError(ConnectionError):
    """Has the connection break within the body of an answer."""


@contextlib.contextmanager
def serve_json(
    answer: Callable[[JsonRequest], tuple[int, Any]], tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Serves what `answer` returns, a status and a body; yields the server's URL.

    A body of bytes is no JSON. Where `answer` raises ConnectionError, the connection breaks; with
    AnswerCutOffError, once a part of the body has been sent.
    """

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            url = urlsplit(self.path)
            size = int(self.headers.get("Content-Length") or 0)
            request = JsonRequest(
                method=self.command,
                path=url.path,
                query=parse_qs(url.query),
                body=json.loads(self.rfile.read(size)) if size else None,
                token=self.headers.get("Authorization"),
            )
            try:
                status, reply = answer(request)
            except AnswerCutOffError:
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.wfile.write(b'{"ap')
                return
            except ConnectionError:
                return
            is_json = not isinstance(reply, bytes)
            content = json.dumps(reply).encode() if is_json else reply
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if is_json else "text/plain")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815 - http.server's names

        def log_message(self, *arguments: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            # Each thread greets its own client, which may have been interrupted on its way.
            server.socket = tls.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        # It looks this often for whether it is to stop.
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
