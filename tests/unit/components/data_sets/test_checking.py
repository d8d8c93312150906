"""What is found wrong with data files before a run has loaded anything."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from components.data_sets.checking import check_data_set
from components.data_sets.errors import DataSetError
from components.data_sets.finding import Layout
from modules.data_spec import DataSpec

WriteIdx = Callable[[Path, np.ndarray], Path]


@pytest.fixture(params=["", ".gz"], ids=["plain", "gzip"])
def ending(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(tmp_path: Path, ending: str, mnist_idx_folder: Callable[..., Path]) -> Path:
    return mnist_idx_folder(tmp_path / "in", num_train=30, num_test=20, compress=bool(ending))


def _labels(folder: Path, name: str) -> np.ndarray:
    [path] = folder.glob(f"{name}-labels-idx1-ubyte*")
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    return np.frombuffer(content, np.uint8, offset=8)


def test_the_rows_of_each_class_are_counted(folder: Path):
    train, test = check_data_set(str(folder), Layout(), DataSpec())

    for checked, name in ((train, "train"), (test, "t10k")):
        expected = np.bincount(_labels(folder, name), minlength=10)
        np.testing.assert_array_equal(checked.rows_of_classes, expected)


def test_a_label_out_of_range_is_named_with_its_row(folder: Path, ending: str, write_idx: WriteIdx):
    labels = _labels(folder, "t10k").copy()
    labels[17] = 10
    write_idx(folder / f"t10k-labels-idx1-ubyte{ending}", labels)

    with pytest.raises(DataSetError, match="expected labels from 0 to 9, received 10 in row 17"):
        check_data_set(str(folder), Layout(), DataSpec())


def test_files_of_different_lengths_do_not_belong_together(
    folder: Path, ending: str, write_idx: WriteIdx
):
    write_idx(folder / f"train-labels-idx1-ubyte{ending}", np.zeros(29, np.uint8))

    with pytest.raises(DataSetError, match=r"expected 30 labels, .* received 29"):
        check_data_set(str(folder), Layout(), DataSpec())


def test_images_of_another_size_are_refused(folder: Path, ending: str, write_idx: WriteIdx):
    write_idx(folder / f"train-images-idx3-ubyte{ending}", np.zeros((30, 32, 32), np.uint8))

    with pytest.raises(DataSetError, match="expected images of 28x28 pixels, received 32x32"):
        check_data_set(str(folder), Layout(), DataSpec())


@pytest.mark.parametrize("name", ["train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"])
@pytest.mark.parametrize("cut", [1, 15])
def test_labels_that_are_cut_short_are_found(name: str, cut: int, folder: Path, ending: str):
    path = folder / f"{name}{ending}"
    path.write_bytes(path.read_bytes()[:-cut])

    with pytest.raises(DataSetError, match=f"{name}{ending}: expected"):
        check_data_set(str(folder), Layout(), DataSpec())


def test_plain_images_that_are_cut_short_are_found_by_their_length(
    tmp_path: Path, mnist_idx_folder: Callable[..., Path]
):
    folder = mnist_idx_folder(tmp_path / "plain", num_train=3, num_test=2, compress=False)
    path = folder / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(DataSetError, match=r"received 1,583\. The file is truncated"):
        check_data_set(str(folder), Layout(), DataSpec())
