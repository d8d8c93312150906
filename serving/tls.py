"""The PEM files of an encrypted server (standard library only)."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from serving.errors import invalid_argument


@dataclass(frozen=True, kw_only=True)
class TlsFiles:
    """The PEM files of an encrypted server.

    Attributes:
      certificate: Its certificate and those that signed it.
      private_key: The key to it.
      client_ca: Who signs the certificates of clients; None to ask for none.
    """

    certificate: Path
    private_key: Path
    client_ca: Path | None = None


def read_tls(certificate: Path, private_key: Path, client_ca: Path | None) -> TlsFiles:
    """Returns the files of an encrypted server.

    Raises:
      ServingError: One can't be read, is not PEM, or the key is another certificate's.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # Without a password OpenSSL would ask for one at the terminal.
        context.load_cert_chain(certificate, private_key, password="")
    except OSError as error:  # what is wrong with the content is one too
        raise invalid_argument(
            "tls_certificate_file, tls_private_key_file: expected a PEM certificate and its key "
            f"without a password, received {certificate} and {private_key}: {error}"
        ) from error
    try:
        if client_ca is not None:
            context.load_verify_locations(client_ca)
    except OSError as error:
        raise invalid_argument(
            f"tls_client_ca_file: expected PEM certificates, received {client_ca}: {error}"
        ) from error
    return TlsFiles(certificate=certificate, private_key=private_key, client_ca=client_ca)


def read_pem(path: Path) -> bytes:
    """Returns what a PEM file holds, or raises a ServingError that names the file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise invalid_argument(f"TLS: {path} can't be read: {error}") from error
