"""A proxy on this machine that leads every host to one server."""

import contextlib
import http.client
import select
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class RunningProxy:
    """Where it is, and whom it was asked for: HOST:PORT each."""

    url: str
    asked_for: list[str] = field(default_factory=list)


@contextlib.contextmanager
def run_proxy(server_address: str) -> Iterator[RunningProxy]:
    """Runs a proxy; `server_address`, HOST:PORT, is what any host is taken for."""

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            running.asked_for.append(self.path)
            host, _, port = server_address.rpartition(":")
            with socket.create_connection((host, int(port))) as server:
                self.send_response(200)
                self.end_headers()
                _exchange(self.connection, server)
            self.close_connection = True

        def _forward(self) -> None:
            url = urlsplit(self.path)
            running.asked_for.append(url.netloc)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            connection = http.client.HTTPConnection(server_address)
            connection.request(self.command, url.path, body, dict(self.headers))
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _forward  # noqa: N815 - http.server's names

        def log_message(self, *arguments: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy:
        running = RunningProxy(f"http://127.0.0.1:{proxy.server_port}")
        # It looks this often for whether it is to stop.
        threading.Thread(target=proxy.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield running
        finally:
            proxy.shutdown()


def _exchange(client: socket.socket, server: socket.socket) -> None:
    """Hands over what either of two says to the other, until one says no more."""
    others = {client: server, server: client}
    while True:
        for speaker in select.select(list(others), [], [])[0]:
            content = speaker.recv(1 << 16)
            if not content:
                return
            others[speaker].sendall(content)
