"""Whom a client trusts to sign certificates, by a file or by the environment."""

import ssl
from pathlib import Path

import pytest

from serving.client.answers import ClientError
from serving.client.certificates import make_plain_context, make_tls_context, read_authorities
from support.tls.certificates import write_certificate


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def authorities(tmp_path: Path) -> Path:
    return write_certificate(tmp_path, "model.example.com")


def _bad_file(kind: str, folder: Path) -> tuple[str, str]:
    """Returns a path and what is wrong with it."""
    path = folder / kind
    if kind in ("garbage", "empty"):
        path.write_bytes(b"no PEM" if kind == "garbage" else b"")
        return str(path), "no certificate"
    if kind == "folder":
        path.mkdir()
    return str(path), "Is a directory" if kind == "folder" else "No such file or directory"


def test_a_file_that_is_named_wins_over_the_environment(
    authorities: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SSL_CERT_FILE", "missing")

    context = make_tls_context(str(authorities))

    assert len(context.get_ca_certs()) == 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert b"BEGIN CERTIFICATE" in read_authorities(str(authorities))


def test_without_one_the_environment_says_whom_to_trust(
    authorities: Path, monkeypatch: pytest.MonkeyPatch
):
    assert len(make_tls_context(None).get_ca_certs()) > 50
    monkeypatch.setenv("SSL_CERT_DIR", "missing")
    monkeypatch.setenv("SSL_CERT_FILE", str(authorities))
    assert len(make_tls_context(None).get_ca_certs()) == 1


@pytest.mark.parametrize("kind", ["missing", "folder", "garbage", "empty"])
def test_a_file_that_is_none_of_certificates_is_named_with_who_names_it(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path, reason = _bad_file(kind, tmp_path)
    problem = f"expected a PEM file of certificates, received {path}: {reason}"
    with pytest.raises(ClientError, match=f"^ca_file: {problem}"):
        make_tls_context(path)
    with pytest.raises(ClientError, match=f"^ca_file: {problem}"):
        read_authorities(path)
    monkeypatch.setenv("SSL_CERT_FILE", path)
    with pytest.raises(ClientError, match=f"^SSL_CERT_FILE: {problem}. .*unset the variable"):
        make_tls_context(None)


def test_a_folder_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path / 'missing'}:{tmp_path}")
    make_tls_context(None)
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path / 'missing'}")
    with pytest.raises(ClientError, match=r"^SSL_CERT_DIR: expected a folder of .*missing: there"):
        make_tls_context(None)


def test_without_encryption_nobody_is_trusted_and_no_file_is_read(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("SSL_CERT_FILE", "missing")

    context = make_plain_context()

    assert context.get_ca_certs() == []
    assert context.verify_mode is ssl.CERT_REQUIRED
