"""Finds the four files of an IDX data set by their names (no TensorFlow)."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from components.data_sets.storage import show_names
from components.idx_files.idx import IdxError

_FILE_NAME = re.compile(
    r"((?P<data_set>.+)-)?(?P<split>train|t10k|test)-"
    r"(?P<content>images[-.]idx[34]|labels[-.]idx1)-ubyte(\.gz)?"
)
_EXPECTED = {
    ("train", "images"): "train-images-idx3-ubyte",
    ("train", "labels"): "train-labels-idx1-ubyte",
    ("test", "images"): "t10k-images-idx3-ubyte",
    ("test", "labels"): "t10k-labels-idx1-ubyte",
}

Role = tuple[str, str]
"""What a file is in a data set: split and content."""

_Found = dict[Role, list[str]]


class IdxPair(NamedTuple):
    """Paths of the images and of the labels that belong to them."""

    images: str
    labels: str


class IdxFolder(NamedTuple):
    """The files of one data set: the rows to learn from, and those never trained on."""

    train: IdxPair
    test: IdxPair


def find_idx_files(paths: Iterable[str], *, folder: str, data_set: str = "") -> IdxFolder:
    """Picks the four files of an IDX data set out of a listing.

    The canonical names are train-images-idx3-ubyte, train-labels-idx1-ubyte and the same with t10k.
    Each may end in .gz, have a dot before idx, say test for t10k, or begin with the name of a
    data set as EMNIST's do (emnist-letters-train-images-idx3-ubyte.gz).

    Args:
      paths: Files to choose from; others may be among them, also those that systems and browsers
        leave, such as `._name` or `name (1)`.
      folder: Names the place in errors.
      data_set: Which of several: what their names begin with, or the last word of it.

    Raises:
      IdxError: One of the four is missing, or there is more than one data set.
    """
    paths = list(paths)
    found, other_names = _sort_by_role(
        path for path in paths if not data_set or _is_of(_base_name(path), data_set)
    )
    if data_set and not found:
        raise _no_such_data_set(data_set, map(_base_name, paths), folder)
    _check_complete(found, other_names, folder)
    _check_unambiguous(found, folder)
    return IdxFolder(
        train=IdxPair(found["train", "images"][0], found["train", "labels"][0]),
        test=IdxPair(found["test", "images"][0], found["test", "labels"][0]),
    )


def _is_of(name: str, data_set: str) -> bool:
    """Whether a file is of a data set: `emnist-balanced`, or `balanced` for short."""
    match = _FILE_NAME.fullmatch(name)
    own = (match["data_set"] if match else None) or ""
    return own == data_set or own.endswith(f"-{data_set}")


def _no_such_data_set(data_set: str, names: Iterable[str], folder: str) -> IdxError:
    found = {match["data_set"] or "" for match in map(_FILE_NAME.fullmatch, names) if match}
    return IdxError(
        f"{folder}: expected files of a data set {data_set}, as data.name says, received "
        f"{', '.join(sorted(found - {''})) or 'none that begin with a name'}. Set data.name to one "
        "of them, or leave it out."
    )


def _sort_by_role(paths: Iterable[str]) -> tuple[_Found, list[str]]:
    """Returns the files for each role, and the names of all that have none."""
    found: _Found = {}
    other_names = []
    for path in sorted(paths):
        name = _base_name(path)
        if role := find_role(name):
            found.setdefault(role, []).append(path)
        else:
            other_names.append(name)
    return found, other_names


def find_role(name: str) -> Role | None:
    """Returns what a file of this name is in a data set; None if it is none of one."""
    match = _FILE_NAME.fullmatch(name)
    if match is None or name.startswith("."):  # macOS keeps what it knows of a file in ._name
        return None
    return "train" if match["split"] == "train" else "test", match["content"][: len("images")]


def _check_complete(found: _Found, other_names: list[str], folder: str) -> None:
    missing = [name for role, name in _EXPECTED.items() if role not in found]
    if missing:
        names = [_base_name(path) for paths in found.values() for path in paths]
        raise IdxError(
            f"{folder}: expected the four files of an IDX data set, plain or .gz; missing "
            f"{', '.join(missing)}. Received {show_names(names + other_names)}. Point "
            "data_root at a folder with all four, or fetch one (tfx-mnist data fetch)."
        )


def _check_unambiguous(found: _Found, folder: str) -> None:
    names = sorted(_base_name(path) for paths in found.values() for path in paths)
    data_sets = {match["data_set"] for match in map(_FILE_NAME.fullmatch, names) if match}
    if len(data_sets) > 1 or any(len(paths) > 1 for paths in found.values()):
        raise IdxError(
            f"{folder}: expected one IDX data set, each file either plain or .gz; received "
            f"{show_names(names)}. Keep four of them in the folder, or set data.name to the "
            "one that is meant."
        )


def _base_name(path: str) -> str:
    """Returns what follows the last slash, of local paths and of gs:// alike."""
    return path.rpartition("/")[2]
