"""Verifying the files of a data set, and fetching them from a server."""

import gzip
import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from runners.commands.data import data
from runners.datasets.checksums import DatasetError, verify
from runners.datasets.download import fetch
from runners.datasets.public import PUBLIC_DATASETS, PublicDataset
from support.project import MNIST_FOLDER

FILES = {
    f"{name}.gz": gzip.compress(name.encode() * 1000)
    for name in [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ]
}


class Mirrors(http.server.BaseHTTPRequestHandler):
    """Serves FILES under paths that tell how well it does so."""

    def do_GET(self) -> None:
        mirror, name = self.path.lstrip("/").split("/")
        content = FILES[name]
        self.send_response(404 if mirror == "missing" else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if mirror == "truncated":
            content = content[:-20]
        if mirror == "wrong":
            content = content[::-1]
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirrors) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture
def dataset(server: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., PublicDataset]:
    """Returns a function that makes the data set FILES, found on the named mirrors."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def make(*mirrors: str) -> PublicDataset:
        return PublicDataset(
            licence="none",
            mirrors=tuple(f"{server}/{mirror}" for mirror in mirrors),
            sha256={name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()},
        )

    return make


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "SHA256SUMS"}


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
    tmp_path: Path, dataset: Callable[..., PublicDataset]
):
    # Nothing listens on the discard port.
    unreachable = "http://127.0.0.1:9"

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


def test_the_command_fetches_from_the_mirror_it_is_given(
    tmp_path: Path,
    server: str,
    dataset: Callable[..., PublicDataset],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setitem(PUBLIC_DATASETS, "kmnist", dataset())
    arguments = ["fetch", "--name", "kmnist", "--folder", str(tmp_path / "in")]

    answer = CliRunner().invoke(data, [*arguments, "--mirror", f"{server}/good"])

    assert answer.exit_code == 0
    assert f"{tmp_path}/in: kmnist, verified; licence none." in answer.output
    assert CliRunner().invoke(data, ["verify", str(tmp_path / "in")]).exit_code == 0


def test_the_commands_fail_with_exit_code_1_and_the_reason(tmp_path: Path):
    answer = CliRunner().invoke(data, ["verify", str(tmp_path)])

    assert answer.exit_code == 1
    assert f"Error: {tmp_path}/SHA256SUMS: expected a file of checksums" in answer.output
