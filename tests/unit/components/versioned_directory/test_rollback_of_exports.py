"""A rollback to a version with the served model, which differs in its exports alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from components.versioned_directory.exports import EXPORTS_PATH
from components.versioned_directory.rollback import roll_back
from components.versioned_directory.versions import Version, list_versions
from support.exports.folders import write_exports

# What version 4 and version 5 add to the model of version 3.
EXPORTS = {3: None, 4: b"a graph", 5: b"another graph"}


@pytest.fixture
def directory(
    tmp_path: Path, push: Callable[..., Version], write_model: Callable[[Path, str], Path]
) -> Path:
    """Version 2 with the model a, and versions 3, 4 and 5 with b and other exports each."""
    push(tmp_path / "serving", "a", now=2.0)
    for number, content in EXPORTS.items():
        source = write_model(tmp_path / "sources" / str(number), "b")
        if content:
            write_exports(source / EXPORTS_PATH, content)
        push(tmp_path / "serving", "b", source=source, now=float(number))
    return tmp_path / "serving"


def _exported_graph(version: Version) -> bytes | None:
    """Returns what a version holds as its export, None if it has no folder of exports."""
    folder = version.path / EXPORTS_PATH
    return (folder / "onnx" / "model.onnx").read_bytes() if folder.exists() else None


@pytest.mark.parametrize("number", [3, 4])
def test_a_rollback_by_number_to_the_served_model_is_to_the_exports_of_that_version(
    directory: Path, is_whole: Callable[[Path], bool], number: int
):
    chosen, served = (
        next(version for version in list_versions(directory) if version.number == each)
        for each in (number, 5)
    )
    assert chosen.model_digest == served.model_digest

    version = roll_back(directory, number, now=10.0)

    assert version == list_versions(directory)[-1]
    assert version.number == 10
    assert _exported_graph(version) == EXPORTS[number]
    assert version.record.exports == chosen.record.exports
    assert (version.record.copy_of, version.record.replaced) == (number, 5)
    assert is_whole(version.path)


def test_a_rollback_to_the_exports_that_are_served_changes_nothing(
    directory: Path, names_in: Callable[[Path], list[str]]
):
    assert roll_back(directory, 5, now=10.0).number == 5
    assert names_in(directory) == ["2", "3", "4", "5"]


def test_a_rollback_without_a_number_is_to_another_model_and_not_to_other_exports(
    directory: Path,
):
    version = roll_back(directory, None, now=10.0)

    assert version.record.copy_of == 2
    assert (version.path / "saved_model.pb").read_text() == "graph of a"
