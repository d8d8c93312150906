"""The PEM files or texts of an encrypted server (standard library only)."""

import ssl
import tempfile
from dataclasses import dataclass, field
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


@dataclass(frozen=True, kw_only=True)
class PemTexts:
    """What such files hold.

    Attributes:
      certificate: The server's certificate and those that signed it.
      private_key: The key to it.
      client_ca: Who signs the certificates of clients; None to ask for none.
    """

    certificate: bytes
    private_key: bytes = field(repr=False)
    client_ca: bytes | None = None


def read_tls(certificate: Path, private_key: Path, client_ca: Path | None) -> TlsFiles:
    """Returns the files of an encrypted server.

    Raises:
      ServingError: One can't be read, is not PEM, or the key is another certificate's.
    """
    try:
        context = _load_pair(certificate, private_key)
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


def read_pem_texts(tls: TlsFiles) -> PemTexts:
    """Returns what the files hold, or raises a ServingError that names one that can't be read."""
    return PemTexts(
        certificate=_read_pem(tls.certificate),
        private_key=_read_pem(tls.private_key),
        client_ca=_read_pem(tls.client_ca) if tls.client_ca else None,
    )


def check_pem_texts(pems: PemTexts, *, where: str) -> None:
    """Raises a ServingError unless the texts are PEM, and the key is the certificate's."""
    with tempfile.TemporaryDirectory() as folder:  # OpenSSL reads files only; 0700
        names = {"server_cert": pems.certificate, "server_key": pems.private_key}
        paths = {name: Path(folder, name) for name in names}
        for name, text in names.items():
            paths[name].write_bytes(text)
        try:
            context = _load_pair(paths["server_cert"], paths["server_key"])
            if pems.client_ca is not None:
                context.load_verify_locations(cadata=pems.client_ca.decode("ascii"))
        except (OSError, ValueError) as error:
            raise invalid_argument(
                f"{where}: expected PEM texts: in server_cert a certificate, in server_key its key "
                f"without a password, in custom_ca certificates; received others: {error}"
            ) from error


def _load_pair(certificate: Path, private_key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    # Without a password OpenSSL would ask for one at the terminal.
    context.load_cert_chain(certificate, private_key, password="")
    return context


def _read_pem(path: Path) -> bytes:
    """Returns what a PEM file holds, or raises a ServingError that names the file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise invalid_argument(f"TLS: {path} can't be read: {error}") from error
