"""Which files are read again, and which are known."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from components.data_sets.errors import DataSetError
from components.data_sets.remembered_digests import RememberedDigests


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(b"images")
    return path


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "root" / "digests.json"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _remember(memory: Path, file: Path) -> str:
    digests = RememberedDigests(memory)
    digest = digests.digest(str(file))
    digests.keep([str(file)])
    return digest


def test_a_file_that_has_not_changed_is_not_read_again(file: Path, memory: Path):
    digest = _remember(memory, file)
    memory.write_text(memory.read_text().replace(digest, "what was remembered"))

    assert digest == _digest(b"images")
    assert _remember(memory, file) == "what was remembered"


def test_content_that_was_exchanged_is_seen_though_size_and_time_are_the_same(
    file: Path, memory: Path
):
    _remember(memory, file)
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)

    file.write_bytes(b"others")
    os.utime(file, ns=times)

    assert _remember(memory, file) == _digest(b"others")


def test_another_file_in_its_place_is_seen(file: Path, memory: Path):
    _remember(memory, file)
    other = file.with_name("other")
    other.write_bytes(b"others")
    shutil.copystat(file, other)

    other.replace(file)

    assert _remember(memory, file) == _digest(b"others")


@pytest.mark.parametrize("damage", ["", "{", "[]", "\\xff"])
def test_a_damaged_memory_is_none(damage: str, file: Path, memory: Path):
    _remember(memory, file)
    memory.write_text(damage)

    assert _remember(memory, file) == _digest(b"images")
    assert _digest(b"images") in memory.read_text()


def test_only_what_is_asked_for_is_kept(file: Path, memory: Path):
    _remember(memory, file)
    other = file.with_name("other")
    other.write_bytes(b"others")

    _remember(memory, other)

    assert _digest(b"images") not in memory.read_text()
    assert [path.name for path in memory.parent.iterdir()] == [memory.name]


def test_without_a_memory_every_file_is_read(file: Path):
    digests = RememberedDigests(None)

    assert digests.digest(str(file)) == _digest(b"images")
    digests.keep([str(file)])


def test_a_file_that_is_not_there_is_an_error_that_names_it(file: Path, memory: Path):
    file.unlink()

    with pytest.raises(DataSetError, match="train-images-idx3-ubyte: expected a file"):
        _remember(memory, file)


def test_where_nothing_can_be_remembered_the_digest_is_right_all_the_same(
    file: Path, caplog: pytest.LogCaptureFixture
):
    assert _remember(file / "digests.json", file) == _digest(b"images")
    assert "digests are not remembered" in caplog.text
