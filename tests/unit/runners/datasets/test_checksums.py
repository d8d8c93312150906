"""Verifying the files of a data set."""

import gzip
import hashlib
from pathlib import Path

import pytest

from runners.datasets.checksums import DatasetError, verify
from support.mirrors import FILES
from support.project import MNIST_FOLDER


def write_checksums(folder: Path, **files: bytes) -> None:
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()]
    (folder / "SHA256SUMS").write_text("".join(lines))


def test_the_mnist_files_of_the_project_are_the_canonical_ones():
    assert sorted(path.name for path in verify(MNIST_FOLDER)) == sorted(FILES)


def test_plain_and_gzip_files_are_compared_by_their_uncompressed_bytes(tmp_path: Path):
    write_checksums(tmp_path, plain=b"one", packed=b"two", both=b"three")
    (tmp_path / "plain").write_bytes(b"one")
    (tmp_path / "packed.gz").write_bytes(gzip.compress(b"two"))
    (tmp_path / "both").write_bytes(b"three")
    (tmp_path / "both.gz").write_bytes(gzip.compress(b"three"))

    names = [path.name for path in verify(tmp_path)]

    assert names == ["plain", "packed.gz", "both", "both.gz"]


def test_every_file_that_is_not_as_it_should_be_is_named(tmp_path: Path):
    write_checksums(tmp_path, missing=b"", changed=b"old", damaged=b"three")
    (tmp_path / "changed").write_bytes(b"new")
    (tmp_path / "damaged.gz").write_bytes(gzip.compress(b"three")[:-1])

    with pytest.raises(DatasetError) as error:
        verify(tmp_path)

    assert "missing: expected this file, plain or .gz, received none" in str(error.value)
    assert f"received {hashlib.sha256(b'new').hexdigest()}" in str(error.value)
    assert "damaged.gz: expected SHA-256" in str(error.value)
    assert "received damaged gzip data" in str(error.value)


def test_a_folder_without_checksums_says_how_to_make_them(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"SHA256SUMS: expected a file .* sha256sum \*-ubyte >"):
        verify(tmp_path)


def test_a_line_that_is_no_checksum_is_named(tmp_path: Path):
    (tmp_path / "SHA256SUMS").write_text(f"{'a' * 64}  name\n<html>\n")

    with pytest.raises(DatasetError, match=r"SHA256SUMS, line 2: expected 64 .* received '<html>'"):
        verify(tmp_path)


def test_checksums_that_are_no_text_are_named(tmp_path: Path):
    (tmp_path / "SHA256SUMS").write_bytes(gzip.compress(b"sums"))

    with pytest.raises(DatasetError, match=r"SHA256SUMS: expected text in UTF-8, received .*0x8b"):
        verify(tmp_path)
