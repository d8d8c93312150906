"""Fetching the files of a data set from a server."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from runners.datasets.checksums import DatasetError, verify
from runners.datasets.download import fetch
from runners.datasets.public import PublicDataset
from support.mirrors import FILES


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "SHA256SUMS"}


def test_fetched_files_are_the_served_ones_and_verify(
    tmp_path: Path, dataset: Callable[..., PublicDataset]
):
    fetch(dataset("good"), tmp_path / "new" / "folder")

    assert contents(tmp_path / "new" / "folder") == FILES
    assert len(verify(tmp_path / "new" / "folder")) == 4
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["folder"]


@pytest.mark.parametrize("bad", ["missing", "wrong", "truncated"])
def test_a_bad_mirror_is_passed_over(
    bad: str, tmp_path: Path, dataset: Callable[..., PublicDataset]
):
    told: list[str] = []

    fetch(dataset(bad, "good"), tmp_path / "folder", report=told.append)

    assert contents(tmp_path / "folder") == FILES
    assert len(told) == 4
    assert all("/good/" in line for line in told)


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ("missing", "HTTP Error 404"),
        ("wrong", "bytes with SHA-256"),
        ("truncated", "bytes with SHA-256|IncompleteRead"),
    ],
)
def test_without_a_good_mirror_nothing_is_left(
    bad: str, expected: str, tmp_path: Path, dataset: Callable[..., PublicDataset]
):
    with pytest.raises(DatasetError, match=f"train-images-idx3-ubyte.gz: .*/{bad}/.*({expected})"):
        fetch(dataset(bad), tmp_path / "folder")

    assert list(tmp_path.iterdir()) == []


def test_without_a_network_the_error_names_the_mirror_and_the_proxy(
    tmp_path: Path, dataset: Callable[..., PublicDataset], closed_port: int
):
    unreachable = f"http://127.0.0.1:{closed_port}"

    with pytest.raises(DatasetError, match=f"received {unreachable}/.*refused.*HTTPS_PROXY"):
        fetch(dataset("good"), tmp_path / "folder", mirrors=[unreachable])

    assert list(tmp_path.iterdir()) == []


def test_only_http_mirrors_are_tried(tmp_path: Path, dataset: Callable[..., PublicDataset]):
    with pytest.raises(DatasetError, match="expected a URL that begins with http"):
        fetch(dataset("good"), tmp_path / "folder", mirrors=["file:///etc"])


def test_what_the_folder_has_already_is_kept(tmp_path: Path, dataset: Callable[..., PublicDataset]):
    plain = gzip.decompress(FILES["t10k-labels-idx1-ubyte.gz"])
    packed = gzip.compress(gzip.decompress(FILES["t10k-images-idx3-ubyte.gz"]), compresslevel=1)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(plain)
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(packed)

    fetch(dataset("good"), tmp_path)

    expected = FILES | {
        "t10k-labels-idx1-ubyte": plain,
        "t10k-images-idx3-ubyte.gz": packed,
    }
    del expected["t10k-labels-idx1-ubyte.gz"]
    assert contents(tmp_path) == expected


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "SHA256SUMS"])
def test_files_of_another_data_set_are_never_replaced(
    name: str, tmp_path: Path, dataset: Callable[..., PublicDataset]
):
    other = f"{'a' * 64}  train-images-idx3-ubyte\n"
    (tmp_path / name).write_text(other)

    with pytest.raises(DatasetError, match=f"{name}: expected none, or what was fetched"):
        fetch(dataset("good"), tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == other


@pytest.mark.parametrize("folder", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_is_named(
    folder: str, tmp_path: Path, dataset: Callable[..., PublicDataset]
):
    (tmp_path / "file").touch()

    with pytest.raises(DatasetError, match=rf"{folder}: cannot be written: .* at {tmp_path}/file"):
        fetch(dataset("good"), tmp_path / folder)

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refuses_is_named_without_its_password(
    scheme: str,
    tmp_path: Path,
    dataset: Callable[..., PublicDataset],
    monkeypatch: pytest.MonkeyPatch,
    closed_port: int,
):
    monkeypatch.setenv(f"{scheme}_proxy", f"http://user:secret@127.0.0.1:{closed_port}")
    mirror = f"{scheme}://data.example.com"

    with pytest.raises(DatasetError, match=r"Connection refused") as failed:
        fetch(dataset(), tmp_path / "folder", mirrors=[mirror, "http://[::1"])

    way = f"through the proxy http://127.0.0.1:{closed_port} ({scheme}_proxy)"
    assert f"{mirror}/train-images-idx3-ubyte.gz {way}: " in str(failed.value)
    assert "secret" not in str(failed.value)
