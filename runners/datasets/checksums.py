"""Verifies the IDX files of a folder by their checksums (standard library only)."""

import gzip
import hashlib
import re
import zlib
from pathlib import Path

CHECKSUM_FILE = "SHA256SUMS"
"""In sha256sum's format; it names the files without .gz and sums their uncompressed bytes."""

_CHECKSUM_LINE = re.compile(r"([0-9a-f]{64}) [ *](\S.*)")
_CHUNK_BYTES = 1 << 20


class DatasetError(RuntimeError):
    """Files are not what they should be, or cannot be had; the message says what to do."""


def verify(folder: Path) -> list[Path]:
    """Compares the files of a folder with its SHA256SUMS.

    Args:
      folder: Holds SHA256SUMS and each file that it names, plain, as .gz or both.

    Returns:
      The files, all of them as they should be.

    Raises:
      DatasetError: Files are missing, damaged or others; the message names all of these.
    """
    verified, problems = [], []
    for name, expected in read_checksums(folder / CHECKSUM_FILE).items():
        paths = find_plain_and_gzip(folder, name)
        if not paths:
            problems.append(f"{name}: expected this file, plain or .gz, received none")
        for path in paths:
            received = digest_content(path)
            if received == expected:
                verified.append(path)
            else:
                problems.append(f"{path.name}: expected SHA-256 {expected}, received {received}")
    if problems:
        raise DatasetError(
            f"{folder}: " + "; ".join(problems) + ". Restore the files (git checkout, or "
            f"tfx-mnist data fetch); if they were changed on purpose, correct {CHECKSUM_FILE}."
        )
    return verified


def read_checksums(path: Path) -> dict[str, str]:
    """Returns the sums of a file in sha256sum's format, by file name.

    Raises:
      DatasetError: It is missing, or not in that format.
    """
    if not path.is_file():
        raise DatasetError(
            f"{path}: expected a file of checksums, received none. Restore it, fetch the data "
            "(tfx-mnist data fetch), or sum your own: gunzip --keep *.gz; "
            f"sha256sum *-ubyte > {CHECKSUM_FILE}."
        )
    checksums = {}
    for number, line in enumerate(_read_lines(path), start=1):
        match = _CHECKSUM_LINE.fullmatch(line)
        if not match:
            raise DatasetError(
                f"{path}, line {number}: expected 64 hexadecimal digits, two spaces and a file "
                f"name, received {line[:100]!r}. Correct it, or write it anew with sha256sum."
            )
        checksums[match[2]] = match[1]
    return checksums


def find_plain_and_gzip(folder: Path, name: str) -> list[Path]:
    """Returns which of `name` and `name`.gz the folder holds."""
    return [path for path in (folder / name, folder / f"{name}.gz") if path.is_file()]


def digest_content(path: Path) -> str:
    """Returns the SHA-256 of a file's uncompressed bytes, or why it cannot be uncompressed."""
    digest = hashlib.sha256()
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        return f"damaged gzip data ({error})"
    except OSError as error:
        return f"a file that cannot be read ({error.strerror})"
    return digest.hexdigest()


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DatasetError(
            f"{path}: expected a file of checksums, received one that cannot be read "
            f"({error.strerror}). Give yourself the permission."
        ) from error
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path}: expected text in UTF-8, received {error}. Restore it, or write it anew with "
            "sha256sum."
        ) from error
