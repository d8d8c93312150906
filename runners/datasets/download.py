"""Fetches the IDX files of public data sets (no TensorFlow)."""

import hashlib
import http.client
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from runners.datasets.checksums import (
    CHECKSUM_FILE,
    DatasetError,
    digest_content,
    find_plain_and_gzip,
    read_checksums,
    verify,
)
from runners.datasets.public import PublicDataset
from serving.client.proxies import Proxy

_CHUNK_BYTES = 1 << 20
_TIMEOUT_SECONDS = 30


def fetch(
    dataset: PublicDataset,
    folder: Path,
    *,
    mirrors: Sequence[str] = (),
    report: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Downloads a data set; the folder gets all of its files, verified, and SHA256SUMS, or nothing.

    Args:
      dataset: One of PUBLIC_DATASETS.
      folder: Where the files go. What it already holds of them, plain or .gz, is kept.
      mirrors: http(s) folders to try instead of the data set's own.
      report: Is told what happens, a line at a time.

    Returns:
      The files.

    Raises:
      DatasetError: No mirror has a file with the right checksum, the folder holds something else
        under its name, or it cannot be written.
    """
    with _staging(folder) as temporary:
        downloads = []
        for name, expected in dataset.sha256.items():
            path = temporary / name
            urls = [f"{mirror.rstrip('/')}/{name}" for mirror in mirrors or dataset.mirrors]
            report(f"{name}: {_download_from_any(urls, path, expected)}")
            downloads.append(path)
        checksums = {path.stem: digest_content(path) for path in downloads}
        _check_no_conflict(folder, checksums)
        folder.mkdir(exist_ok=True)
        for path in downloads:
            if not find_plain_and_gzip(folder, path.stem):
                path.replace(folder / path.name)
        lines = [f"{digest}  {name}\n" for name, digest in sorted(checksums.items())]
        checksum_file = temporary / CHECKSUM_FILE
        checksum_file.write_text("".join(lines), encoding="utf-8")
        checksum_file.replace(folder / CHECKSUM_FILE)
    return verify(folder)


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Yields a temporary folder beside `folder`, from which files are moved into it.

    Raises:
      DatasetError: Something here, or in the block, raised an OSError.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
            yield Path(temporary)
    except OSError as error:
        at = f" at {error.filename}" if error.filename else ""
        raise DatasetError(
            f"{folder}: cannot be written: {error.strerror}{at}. Fetch into another folder "
            "(--folder), or put that right."
        ) from error


def _check_no_conflict(folder: Path, checksums: dict[str, str]) -> None:
    """Checks that the folder holds nothing else under the names of the fetched files."""
    conflicts = [
        path
        for name, expected in checksums.items()
        for path in find_plain_and_gzip(folder, name)
        if digest_content(path) != expected
    ]
    checksum_file = folder / CHECKSUM_FILE
    if checksum_file.exists() and read_checksums(checksum_file) != checksums:
        conflicts.append(checksum_file)
    if conflicts:
        raise DatasetError(
            f"{', '.join(map(str, conflicts))}: expected none, or what was fetched, received "
            "something else. Fetch into another folder, or move it away."
        )


def _download_from_any(urls: Sequence[str], path: Path, sha256: str) -> str:
    """Downloads a file from the first URL that has it, and returns that URL."""
    failures = []
    for url in urls:
        try:
            received = _download(url, path)
        # URLError and timeouts are OSErrors; ValueError is what is not a URL.
        except (OSError, http.client.HTTPException, ValueError) as error:
            failures.append(f"{url}{_describe_way(url)}: {error}")
            continue
        if received == sha256:
            return url
        failures.append(f"{url}: a file of {path.stat().st_size:,} bytes with SHA-256 {received}")
    raise DatasetError(
        f"{path.name}: expected a file with SHA-256 {sha256}, received {'; '.join(failures)}. "
        "Check the network, its proxy (HTTPS_PROXY) and its certificates (SSL_CERT_FILE), name a "
        "mirror that you can reach (--mirror), or copy the file by other means."
    )


def _describe_way(url: str) -> str:
    """Returns the proxy that urllib asks for a URL, in words; "" without one."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    address = urllib.request.getproxies().get(parts.scheme)
    if not address or urllib.request.proxy_bypass(parts.netloc):
        return ""
    return f" through {Proxy(f'{parts.scheme}_proxy', address)}"


def _download(url: str, path: Path) -> str:
    """Downloads a file and returns its SHA-256."""
    if not url.startswith(("http://", "https://")):
        raise ValueError("expected a URL that begins with http:// or https://")
    digest = hashlib.sha256()
    with (
        # Its own opener: the library's common one keeps the proxies of its first use.
        urllib.request.build_opener().open(url, timeout=_TIMEOUT_SECONDS) as response,
        path.open("wb") as file,
    ):
        while chunk := response.read(_CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()
