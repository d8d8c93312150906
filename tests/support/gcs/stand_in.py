"""A stand-in for Google Cloud Storage on this machine, for clients that know nothing of it.

TensorFlow's file system for gs:// has no setting for another host: it speaks TLS with
www.googleapis.com and storage.googleapis.com. But it asks the proxy that `HTTPS_PROXY` names for
the connection, and trusts the authorities in `CURL_CA_BUNDLE`; Google's Python client, which Beam
uses, does the same with `HTTPS_PROXY` and `REQUESTS_CA_BUNDLE`. So the stand-in is that proxy: it
leads Google's hosts to itself, with a certificate of its own, and refuses all others.
"""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from support.gcs.api import REFRESH_TOKEN, StorageApi
from support.gcs.messages import Request
from support.gcs.objects import ObjectStore
from support.tls.certificates import write_certificate

_HOSTS = ("www.googleapis.com", "storage.googleapis.com", "oauth2.googleapis.com")


class GcsStandIn(ThreadingHTTPServer):
    """The proxy and the storage behind it.

    Attributes:
      store: The objects, for a test to put and to look at.
      api: Knows what it did not understand.
      clients: What the clients called themselves, for each request.
      refused_hosts: Hosts that somebody asked for and that are none of Google Cloud Storage.
      environment: What leads a process's clients here.
    """

    daemon_threads = True

    def __init__(self, folder: Path, *buckets: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        certificate = write_certificate(folder, *_HOSTS)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate)
        self.store = ObjectStore(*buckets)
        self.api = StorageApi(self.store)
        self.clients: list[str] = []
        self.refused_hosts: list[str] = []
        proxy = f"http://127.0.0.1:{self.server_port}"
        self.environment = {
            "HTTPS_PROXY": proxy,
            "CURL_CA_BUNDLE": str(certificate),
            "REQUESTS_CA_BUNDLE": str(certificate),
            "GOOGLE_APPLICATION_CREDENTIALS": str(_write_credentials(folder)),
            # Nobody is to look for a machine of Google's that knows others.
            "NO_GCE_CHECK": "true",
            # The first retry after 10 ms instead of a second.
            "GCS_RETRY_CONFIG_INIT_DELAY_TIME_US": "10000",
            # Whatever a machine has set beside these: curl looks at the small letters first.
            "https_proxy": proxy,
            "no_proxy": "",
            "NO_PROXY": "",
        }

    def upload_folder(self, folder: Path, uri: str) -> None:
        """Puts the files of a local folder into the store, under gs://bucket/name."""
        bucket, _, prefix = uri.removeprefix("gs://").partition("/")
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.store.put(bucket, f"{prefix}/{path.relative_to(folder)}", path.read_bytes())


@contextmanager
def serve_gcs(folder: Path, *buckets: str) -> Iterator[GcsStandIn]:
    """Serves empty buckets; the certificate goes into `folder`."""
    with GcsStandIn(folder, *buckets) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Else each answer, whose head and content are sent apart, waits for an acknowledgement.
    disable_nagle_algorithm = True
    server: GcsStandIn

    def do_CONNECT(self) -> None:
        host = self.path.rpartition(":")[0]
        if host not in _HOSTS:
            self.server.refused_hosts.append(host)
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        self.send_response(HTTPStatus.OK)
        self.end_headers()
        # What follows on this connection is for the host itself: so it is answered here, too.
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        self.setup()
        self.close_connection = False

    def _answer(self) -> None:
        self.server.clients.append(self.headers.get("User-Agent", ""))
        request = Request(self.command, self.path, self.headers, self._read_body())
        answer = self.server.api.answer(request)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def _read_body(self) -> bytes:
        # TensorFlow sends both headers; HTTP says that the chunks count.
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = bytearray()
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return bytes(body)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Stays silent: a test prints what it wants to be known."""

    def finish(self) -> None:
        super().finish()
        self.request.close()


def _write_credentials(folder: Path) -> Path:
    """Writes what `gcloud auth application-default login` leaves behind."""
    path = folder / "credentials.json"
    content = {
        "type": "authorized_user",
        "client_id": "stand-in",
        "client_secret": "none",
        "refresh_token": REFRESH_TOKEN,
    }
    path.write_text(json.dumps(content))
    return path
