"""Reads from a text file how classes are called (no TensorFlow)."""

import re
import sys
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from components.data_sets.storage import is_remote
from components.file_content import read_bytes
from components.unreadable_paths import name_other_kind

NO_CLASS: Final = "N/A"
"""The name of label 0 of EMNIST's letters, which no row has; torchvision calls it so, too."""

_MAPPING = re.compile(r"\d+([ \t]+\d+)+", re.ASCII)
_CORRECT = "Correct the file, or set data.class_names_path to another one."


class ClassNamesError(ValueError):
    """A file does not hold names of classes; the message says where, and what to do."""


class _Named(NamedTuple):
    """A class, and the line of the file that names it, from 1 on."""

    line: int
    label: int
    name: str


def read_class_names(path: str) -> tuple[str, ...]:
    """Returns the names in a file, from label 0 on.

    The file is UTF-8, with a name in each line, in the order of the labels; or it is a mapping of
    EMNIST's, with a label in each line, and the code points of the characters that it stands for.

    Args:
      path: The file, local or remote.

    Raises:
      OSError: It cannot be read.
      ClassNamesError: It is neither.
    """
    lines = _read_lines(path)
    if not _MAPPING.fullmatch(lines[0]):
        named = [_Named(number + 1, number, line) for number, line in enumerate(lines)]
    else:
        named = sorted(_parse_mapping(path, lines), key=lambda each: each.label)
        _check_labels(path, named)
    _check_names(path, named)
    names = tuple(each.name for each in named)
    return (NO_CLASS, *names) if named[0].label == 1 else names


def _read_lines(path: str) -> Sequence[str]:
    if not is_remote(path) and (kind := name_other_kind(path)):
        raise ClassNamesError(
            f"{path}: expected a file with the names of the classes, received {kind}. {_CORRECT}"
        )
    content = read_bytes(path).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        received = content[error.start : error.end]
        raise _refuse(path, line, "text in UTF-8", repr(received)) from error
    return [line.strip() for line in text.rstrip().split("\n")]


def _parse_mapping(path: str, lines: Sequence[str]) -> Iterator[_Named]:
    for number, line in enumerate(lines, start=1):
        label, *points = map(int, line.split()) if _MAPPING.fullmatch(line) else (0,)
        if not points or max(points) > sys.maxunicode:
            raise _refuse(path, number, "a label and the code points of its name", repr(line))
        yield _Named(number, label, "".join(map(chr, points)))


def _check_labels(path: str, named: Sequence[_Named]) -> None:
    """Holds sorted labels to being all there, each once; the first may be 1."""
    first = min(named[0].label, 1)
    for expected, each in enumerate(named, start=first):
        if each.label != expected:
            expectation = f"each label once, from {first} to {first + len(named) - 1}"
            raise _refuse(path, each.line, expectation, f"{each.label} and no {expected}")


def _check_names(path: str, named: Sequence[_Named]) -> None:
    lines: dict[str, int] = {}
    for line, _, name in sorted(named):
        if not name.strip() or not name.isprintable():
            raise _refuse(path, line, "a name", repr(name) if name else "none")
        if name in lines:
            raise _refuse(path, line, "each name once", f"{name!r}, as in line {lines[name]}")
        lines[name] = line


def _refuse(path: str, line: int, expected: str, received: str) -> ClassNamesError:
    return ClassNamesError(
        f"{path}, line {line}: expected {expected}, received {received}. {_CORRECT}"
    )
