"""Folders as people have them: which files are found in them, and what is said of the others."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from components.data_sets.errors import DataSetError
from components.data_sets.storage import digest_file
from components.idx_files.idx_folder import IdxFolder, IdxPair
from components.idx_files.storage import find_files, open_pair
from modules.data_spec import DataSpec

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@pytest.fixture
def folder(tmp_path: Path, mnist_idx_folder: Callable[..., Path]) -> Path:
    return mnist_idx_folder(tmp_path / "in", num_train=3, num_test=2, compress=False)


def _paths(found: IdxFolder) -> list[str]:
    return [path for pair in found for path in pair]


@pytest.mark.parametrize(
    "name", ["a[1]", "*", "?", "[!x]", "back\\slash", "x#1", "x%201", "{a,b}", "a b", "ümlaut"]
)
def test_a_folder_is_taken_as_it_is_whatever_signs_are_in_its_name(name: str, folder: Path):
    odd = folder.rename(folder.with_name(name))
    for neighbour in ("a1", "b", "back", "x"):
        (odd.parent / neighbour).mkdir()

    found = find_files(str(odd))

    assert _paths(found) == [f"{odd}/{each}" for each in NAMES]
    with open_pair(found.train, DataSpec()) as reader:
        assert reader.num_rows == 3


@pytest.mark.parametrize("ending", ["/", "//", "/./"])
def test_a_slash_at_the_end_changes_nothing(ending: str, folder: Path):
    assert len(_paths(find_files(f"{folder}{ending}"))) == 4


def test_an_empty_folder_is_not_taken_for_its_neighbour(folder: Path):
    folder.rename(folder.with_name("gl1"))
    (folder.parent / "gl?").mkdir()

    with pytest.raises(
        DataSetError, match=r"missing train-images-idx3-ubyte, .* Received no files"
    ):
        find_files(f"{folder.parent}/gl?")


def _nest(folder: Path, name: str, *, inside: str) -> None:
    file = (folder / name).rename(folder / "moved")
    (folder / name).mkdir()
    file.rename(folder / name / inside)


def test_folders_that_are_called_like_the_file_inside_are_looked_into(folder: Path):
    for name in NAMES:
        _nest(folder, name, inside=name)

    assert _paths(find_files(str(folder))) == [f"{folder}/{name}/{name}" for name in NAMES]


def test_folders_beside_files_of_the_other_spelling_are_left_alone(folder: Path):
    for name in NAMES:
        dotted = name.replace("-idx", ".idx")
        (folder / dotted).write_bytes((folder / name).read_bytes())
        _nest(folder, name, inside=name)

    found = _paths(find_files(str(folder)))
    assert found == [f"{folder}/{name.replace('-idx', '.idx')}" for name in NAMES]


def test_one_file_in_a_folder_of_its_own_and_three_beside_it_are_a_data_set(folder: Path):
    _nest(folder, NAMES[0], inside="train-images.idx3-ubyte")

    found = _paths(find_files(str(folder)))

    assert found[0] == f"{folder}/{NAMES[0]}/train-images.idx3-ubyte"


def test_a_copy_in_a_folder_of_another_name_stands_in_for_no_file(folder: Path):
    for copy in ("old-ubyte-backup", "train-labels-idx1-ubyte"):
        if copy in NAMES:
            (folder / copy).unlink()
        (folder / copy).mkdir()
        (folder / copy / NAMES[0]).write_bytes((folder / NAMES[2]).read_bytes())

    with pytest.raises(DataSetError, match="missing train-labels-idx1-ubyte"):
        find_files(str(folder))


@pytest.mark.parametrize(
    "extra",
    [
        "._train-images-idx3-ubyte",
        "._emnist-letters-train-images-idx3-ubyte.gz",
        "train-images-idx3-ubyte:Zone.Identifier",
        "train-images-idx3-ubyte (1)",
        "train-images-idx3-ubyte(1).gz",
        "train-images-idx3-ubyte.gz.crdownload",
        "train-images-idx3-ubyte.part",
        "train-images-idx3-ubyte~",
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
    ],
)
def test_what_systems_and_browsers_leave_is_no_file_of_the_data_set(extra: str, folder: Path):
    (folder / extra).write_bytes(b"something else")

    assert _paths(find_files(str(folder))) == [f"{folder}/{name}" for name in NAMES]


def test_an_empty_folder_in_place_of_a_file_is_named(folder: Path):
    (folder / NAMES[1]).unlink()
    (folder / NAMES[1]).mkdir()

    with pytest.raises(DataSetError, match="missing train-labels-idx1-ubyte"):
        find_files(str(folder))


def _make_pipe(path: Path) -> None:
    os.mkfifo(path)


def _make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(path.parent)  # the name of a socket must be short
        server.bind(path.name)


@pytest.mark.parametrize(
    ("make", "received"),
    [
        (_make_pipe, "a pipe"),
        (_make_socket, "a socket"),
        (Path.mkdir, "a folder"),
        (lambda path: path.symlink_to("/dev/null"), "a device"),
        (lambda path: path.symlink_to(path.parent / "gone"), "nothing, or a link to nothing"),
        (lambda path: path.symlink_to(path), "a link that leads back to itself"),
    ],
    ids=["pipe", "socket", "folder", "device", "dangling link", "link to itself"],
)
def test_what_is_no_file_is_one_error_that_says_what_it_is(
    make: Callable[[Path], None], received: str, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(folder)
    path = folder / NAMES[0]
    path.unlink()
    make(path)
    pair = IdxPair(str(path), str(folder / NAMES[1]))
    expected = (
        f"{path}: expected a file, received {received}. Correct or replace it, or set data_root to "
        "another folder."
    )

    with pytest.raises(DataSetError) as error, open_pair(pair, DataSpec()):
        pass
    assert str(error.value).startswith(expected)
    with pytest.raises(DataSetError) as error:
        digest_file(str(path))
    assert str(error.value).startswith(expected)


@pytest.mark.parametrize(
    ("place", "received"),
    [
        ("none", "nothing, or a link to nothing"),
        (NAMES[0], "Not a directory|a path that leads through a file"),
        (f"{NAMES[0]}/in", "a path that leads through a file"),
        ("x" * 300, "a name that is too long"),
    ],
)
def test_what_is_no_folder_is_one_error_that_says_what_it_is(
    place: str, received: str, folder: Path
):
    with pytest.raises(
        DataSetError, match=f"expected a folder with the four .*, received ({received})"
    ):
        find_files(str(folder / place))
