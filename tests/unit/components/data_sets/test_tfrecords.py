"""TFRecords of somebody else: each split must have a file."""

from pathlib import Path

import pytest

from components.data_sets.errors import DataSetError
from components.data_sets.tfrecords import SPLITS, check_folders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for split in SPLITS:
        (tmp_path / split).mkdir()
        (tmp_path / split / "data-00000-of-00001.gz").write_bytes(b"")
    return tmp_path


def test_a_file_in_each_split_is_enough(folder: Path):
    check_folders(str(folder))


@pytest.mark.parametrize("left", [None, ".DS_Store", "_SUCCESS", "deeper/"])
def test_a_split_without_a_file_of_its_own_is_refused(folder: Path, left: str | None):
    [path] = (folder / "eval").iterdir()
    path.unlink()
    if left:
        path = folder / "eval" / left
        path.mkdir() if left.endswith("/") else path.write_bytes(b"")

    with pytest.raises(DataSetError, match=r"expected TFRecords in .* and none in eval"):
        check_folders(str(folder))
