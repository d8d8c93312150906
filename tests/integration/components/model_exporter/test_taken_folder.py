"""Two exports to one folder: the first one stays as it is."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from components.model_exporter.formats import ExportFormat
from components.versioned_directory.exports import ExportManifest
from components.versioned_directory.model_files import digest_files
from support.exports.models import ExportableModel

# Which of the two a rename is refused with is the filesystem's choice.
NOT_EMPTY = f"{os.strerror(errno.ENOTEMPTY)}|{os.strerror(errno.EEXIST)}"


@pytest.fixture
def is_as_it_was(exports: tuple[Path, ExportManifest], tmp_path: Path) -> Callable[[], bool]:
    """Returns a function that compares a folder with the first export, and looks beside it."""

    def compare() -> bool:
        is_first = digest_files(tmp_path / "out" / "exports") == digest_files(exports[0])
        return is_first and os.listdir(tmp_path / "out") == ["exports"]  # noqa: PTH208 - names

    return compare


def test_a_second_export_to_a_folder_leaves_the_first_and_nothing_of_its_own(
    model: ExportableModel,
    exports: tuple[Path, ExportManifest],
    tmp_path: Path,
    is_as_it_was: Callable[[], bool],
):
    folder = shutil.copytree(exports[0], tmp_path / "out" / "exports")

    with pytest.raises(OSError, match=NOT_EMPTY):
        model.export(folder, ExportFormat.TFLITE)

    assert is_as_it_was()


def test_of_two_exports_at_once_the_one_that_ends_first_stays(
    model: ExportableModel,
    exports: tuple[Path, ExportManifest],
    tmp_path: Path,
    at_request: Callable[[str, str, str], None],
    is_as_it_was: Callable[[], bool],
):
    folder = tmp_path / "out" / "exports"
    # The other one ends while this one has its file proven.
    at_request("litert", "tflite.request", f"shutil.copytree({str(exports[0])!r}, {str(folder)!r})")

    with pytest.raises(OSError, match=NOT_EMPTY):
        model.export(folder, ExportFormat.TFLITE)

    assert is_as_it_was()
