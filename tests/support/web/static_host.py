"""Serves the files of a folder as any static host does."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True)
class StaticHost:
    """A host that runs.

    Attributes:
      url: Where it is, without a slash at the end.
      folder: What it serves.
      asked: Paths that it was asked for, in order.
    """

    url: str
    folder: Path
    asked: list[str] = field(default_factory=list)

    def address(self, folder: Path) -> str:
        """Returns where a folder below the served one is, with a slash at the end."""
        return f"{self.url}/{folder.relative_to(self.folder).as_posix()}/"


@contextlib.contextmanager
def static_host(folder: Path) -> Iterator[StaticHost]:
    """Serves a folder on a free port of 127.0.0.1 until the block ends."""

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked.append(self.path)
            # HTTP's dates are whole seconds, in which a test can have changed a file.
            del self.headers["If-Modified-Since"]
            super().do_GET()

        def log_message(self, *arguments: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        host = StaticHost(f"http://127.0.0.1:{server.server_port}", folder)
        # It looks this often for whether it is to stop.
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield host
        finally:
            server.shutdown()
            thread.join()
