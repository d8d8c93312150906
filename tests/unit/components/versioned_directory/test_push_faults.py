"""A push that cannot be made says so in one error, and leaves everything as it was."""

import errno
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from components.versioned_directory.model_files import copy_file
from components.versioned_directory.publishing import exclusive, push_model, stage_model
from components.versioned_directory.push_record import PushOrigin, make_record
from components.versioned_directory.versions import PushError, Version
from support.disks.small import files_limited_to, in_a_small_mount
from support.project import PROJECT

_NOBODY = 65534
_MEMORY = Path("/dev/shm")  # noqa: S108 - a filesystem of its own on Linux

# Pushes "first", makes the filesystem read-only if told so, and pushes "second".
_PUSH_TWICE = """
import os, subprocess, sys
from pathlib import Path
from components.versioned_directory.publishing import push_model
from components.versioned_directory.push_record import PushOrigin

sources, directory, is_read_only = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
def push(name, now):
    origin, check = PushOrigin(), lambda _: None
    push_model(sources / name, directory, origin=origin, check=check, keep=5, now=now)

push("first", 1.0)
if is_read_only:
    subprocess.run(["mount", "-o", "remount,bind,ro", directory], check=True)
try:
    push("second", 2.0)
except Exception as error:
    print(type(error).__name__, error)
print(*sorted(os.listdir(directory)))
"""


def _push_twice_in_a_mount(sources: Path, directory: Path, *arguments: str) -> list[str]:
    """Returns what the script prints, with a filesystem of 400 kB mounted at `directory`."""
    program = [sys.executable, "-c", _PUSH_TWICE, sources, directory, *arguments]
    done = subprocess.run(
        [*in_a_small_mount(directory, "400k"), *program],
        check=True,
        capture_output=True,
        text=True,
        cwd=PROJECT,
    )
    return done.stdout.splitlines()


@contextmanager
def _without_root() -> Iterator[None]:
    """Within the block, root's right to write anywhere is put down."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def mount_point(tmp_path: Path, write_model: Callable[[Path, str], Path]) -> Path:
    write_model(tmp_path / "sources" / "first", "a")
    write_model(tmp_path / "sources" / "second", "a model of 480 kB, ...  ")
    (tmp_path / "serving").mkdir()
    return tmp_path / "serving"


def test_a_full_disk_is_named_and_the_served_version_stands(mount_point: Path, tmp_path: Path):
    error, names = _push_twice_in_a_mount(tmp_path / "sources", mount_point)

    assert error.startswith(f"PushError {mount_point}: cannot publish a version: No space left")
    assert "version 1 still is the newest. Free space" in error
    assert names == ".lock 1"


def test_a_directory_that_is_mounted_read_only_is_named(mount_point: Path, tmp_path: Path):
    error, names = _push_twice_in_a_mount(tmp_path / "sources", mount_point, "read-only")

    assert error.startswith(f"PushError {mount_point}: cannot publish a version: Read-only file")
    assert error.endswith("Mount it writable, or set serving_model_dir to another place.")
    assert names == ".lock 1"


def test_a_write_that_fails_half_way_leaves_nothing(
    tmp_path: Path,
    push: Callable[..., Version],
    write_model: Callable[[Path, str], Path],
    names_in: Callable[[Path], list[str]],
):
    directory, source = tmp_path / "serving", write_model(tmp_path / "source", "b")
    push(directory, "a")

    with (
        pytest.raises(PushError, match=os.strerror(errno.EFBIG)),
        files_limited_to(10_000),
    ):
        push(directory, "b", source=source)

    assert names_in(directory) == ["100"]


def test_a_directory_without_write_permission_is_named(
    write_model: Callable[[Path, str], Path], push: Callable[..., Version]
):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        source, directory = write_model(Path(folder) / "source", "a"), Path(folder) / "serving"
        directory.mkdir(mode=0o555)

        with (
            pytest.raises(PushError, match=r"serving: .* Permission denied at .*Give this user"),
            _without_root(),
        ):
            push(directory, "a", source=source)

        assert list(directory.iterdir()) == []


def test_a_base_path_that_is_a_file_is_named(tmp_path: Path, push: Callable[..., Version]):
    (tmp_path / "serving").write_text("a file")

    with pytest.raises(PushError, match=r"serving: cannot publish.*Expected a directory"):
        push(tmp_path / "serving", "a")
    assert (tmp_path / "serving").read_text() == "a file"


def test_a_base_path_below_a_file_is_named(tmp_path: Path, push: Callable[..., Version]):
    (tmp_path / "file").write_text("a file")

    with pytest.raises(PushError, match=r"file/serving: cannot publish.*Expected a directory"):
        push(tmp_path / "file" / "serving", "a")


def test_a_serving_directory_on_another_filesystem_works(
    push: Callable[..., Version], tmp_path: Path, is_whole: Callable[[Path], bool]
):
    if not os.access(_MEMORY, os.W_OK) or _MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip(f"{_MEMORY} is no other filesystem here")
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        assert is_whole(push(Path(folder) / "serving", "a").path)


def test_a_filesystem_that_syncs_no_folders_takes_a_push(
    tmp_path: Path,
    push: Callable[..., Version],
    is_whole: Callable[[Path], bool],
    monkeypatch: pytest.MonkeyPatch,
):
    sync = os.fsync

    def sync_files_only(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", sync_files_only)

    assert is_whole(push(tmp_path / "serving", "a").path)


@pytest.mark.parametrize("error", [PushError("it does not load"), KeyboardInterrupt()])
def test_a_push_that_is_broken_off_leaves_nothing(
    tmp_path: Path,
    push: Callable[..., Version],
    names_in: Callable[[Path], list[str]],
    error: BaseException,
):
    directory = tmp_path / "serving"
    push(directory, "a")

    def break_off(_: Path) -> None:
        raise error

    with pytest.raises(type(error)):
        push(directory, "b", check=break_off)
    assert names_in(directory) == ["100"]


def test_a_model_that_changes_while_it_is_copied_is_not_published(
    tmp_path: Path, write_model: Callable[[Path, str], Path], names_in: Callable[[Path], list[str]]
):
    source, directory = write_model(tmp_path / "source", "a"), tmp_path / "serving"
    record = make_record(source, PushOrigin(), 0.0)
    (source / "saved_model.pb").write_text("another export")

    with (
        pytest.raises(PushError, match="expected the model to stand still"),
        exclusive(directory, create=True),
        stage_model(source, directory, record, place=copy_file),
    ):
        pytest.fail("the copy was taken for whole")
    assert names_in(directory) == []


def test_a_model_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(PushError, match=r"No such file or directory at .*/nowhere"):
        push_model(
            tmp_path / "nowhere",
            tmp_path / "serving",
            origin=PushOrigin(),
            check=lambda _: None,
            keep=5,
            now=1.0,
        )
