"""Fixtures for a data set and the mirrors that serve it, which a conftest imports."""

import gzip
import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator

import pytest

from runners.datasets.public import PublicDataset

FILES = {
    f"{name}.gz": gzip.compress(name.encode() * 1000)
    for name in [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ]
}


class Mirrors(http.server.BaseHTTPRequestHandler):
    """Serves FILES under paths that tell how well it does so."""

    def do_GET(self) -> None:
        mirror, name = self.path.lstrip("/").split("/")
        content = FILES[name]
        self.send_response(404 if mirror == "missing" else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if mirror == "truncated":
            content = content[:-20]
        if mirror == "wrong":
            content = content[::-1]
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirrors) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture
def dataset(server: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., PublicDataset]:
    """Returns a function that makes the data set FILES, found on the named mirrors."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def make(*mirrors: str) -> PublicDataset:
        return PublicDataset(
            licence="none",
            mirrors=tuple(f"{server}/{mirror}" for mirror in mirrors),
            sha256={name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()},
        )

    return make
