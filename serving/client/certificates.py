"""Who signs the certificates of servers that a client trusts (no TensorFlow)."""

import os
import ssl
from pathlib import Path

import httpx

from serving.client.answers import ClientError
from serving.errors import Code

_FILE, _FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"


def make_tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Returns what verifies a server's certificate.

    Trusted are the authorities in `ca_file`, else those that SSL_CERT_FILE or SSL_CERT_DIR name,
    else those that everybody knows.

    Raises:
      ClientError: The file or folder that counts has none.
    """
    if ca_file is not None:
        return _trust_file("ca_file", ca_file)
    if path := os.environ.get(_FILE):
        return _trust_file(_FILE, path)
    if path := os.environ.get(_FOLDER):
        return _trust_folders(path)
    return httpx.create_ssl_context(trust_env=False)


def read_authorities(ca_file: str) -> bytes:
    """Returns the authorities in a PEM file, checked as `make_tls_context` does."""
    _trust_file("ca_file", ca_file)
    return Path(ca_file).read_bytes()


def make_plain_context() -> ssl.SSLContext:
    """Returns a context that trusts nobody, for connections without TLS: it reads no file."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _trust_file(where: str, path: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:  # what is wrong with the content is one too
        reason = "no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise _refuse(where, "a PEM file of certificates", f"{path}: {reason}") from error


def _trust_folders(path: str) -> ssl.SSLContext:
    # OpenSSL looks into a folder when it needs a certificate, and misses none that is missing.
    if not any(Path(folder).is_dir() for folder in path.split(os.pathsep)):
        raise _refuse(_FOLDER, "a folder of certificates", f"{path}: there is none")
    return ssl.create_default_context(capath=path)


def _refuse(where: str, expected: str, received: str) -> ClientError:
    advice = "Name one" if where == "ca_file" else "Name one, or unset the variable"
    return ClientError(
        Code.INVALID_ARGUMENT, f"{where}: expected {expected}, received {received}. {advice}."
    )
