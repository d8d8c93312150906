"""An archive of NumPy arrays as keras.io has MNIST: what is read, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from components.data_sets.checking import check_data_set
from components.data_sets.errors import DataSetError
from components.data_sets.finding import Format, Layout, find_data_set
from modules.data_spec import DataSpec
from support.data_sets.files import write_archive
from support.data_sets.patterns import Rows, draw_rows

_DATA = DataSpec(height=20, width=24, num_classes=3)
_LAYOUT = Layout(format=Format.NPZ)


@pytest.fixture
def rows() -> Rows:
    return draw_rows((20, 24), num_classes=3, rows_per_class=4, seed=1)


@pytest.fixture
def archive(tmp_path: Path, rows: Rows) -> Path:
    path = tmp_path / "mnist.npz"
    write_archive(path, rows, Rows(rows.images[:6], rows.labels[:6]))
    return path


def _change(archive: Path, **arrays: np.ndarray | None) -> None:
    with np.load(archive) as loaded:
        kept = {**loaded, **arrays}
    np.savez(archive, **{name: values for name, values in kept.items() if values is not None})


def test_rows_are_those_of_the_arrays(archive: Path, rows: Rows):
    part = find_data_set(str(archive.parent), _LAYOUT).train
    with part.open(_DATA) as reader:
        blocks = list(reader.read_blocks(first_row=0, num_rows=12, rows_per_block=5))

    assert [block.first_row for block in blocks] == [0, 5, 10]
    np.testing.assert_array_equal(np.concatenate([block.images for block in blocks]), rows.images)
    np.testing.assert_array_equal(np.concatenate([block.labels for block in blocks]), rows.labels)
    assert part.name_rows([3]) == ["row 3 of x_train"]


def test_counts_are_those_of_both_parts(archive: Path):
    checked = check_data_set(str(archive.parent), _LAYOUT, _DATA)

    assert [counts.tolist() for _, counts in checked] == [[4, 4, 4], [2, 2, 2]]


@pytest.mark.parametrize("shape", [(12, 20, 24, 1), (12, 20, 24)])
def test_grey_images_may_have_a_channel_and_labels_a_column(
    archive: Path, rows: Rows, shape: tuple[int, ...]
):
    _change(archive, x_train=rows.images.reshape(shape), y_train=rows.labels[:, None])

    with find_data_set(str(archive.parent), _LAYOUT).train.open(_DATA) as reader:
        [block] = reader.read_blocks(first_row=0, num_rows=12, rows_per_block=12)

    np.testing.assert_array_equal(block.images, rows.images)


def test_of_several_archives_the_named_one_is_read(archive: Path):
    archive.with_name("other.npz").write_bytes(b"")

    with pytest.raises(
        DataSetError, match=r"expected one archive .*mnist\.npz, other\.npz.* data\.n"
    ):
        find_data_set(str(archive.parent), _LAYOUT)
    named = Layout(format=Format.NPZ, name="mnist")

    assert find_data_set(str(archive.parent), named).test.name == f"{archive}/x_test"


def test_a_folder_without_an_archive_is_refused(tmp_path: Path):
    with pytest.raises(DataSetError, match=r"expected one archive of NumPy arrays.* no files"):
        find_data_set(str(tmp_path), _LAYOUT)


_FLOATS = np.zeros((12, 20, 24), np.float32)
_LABELS = np.arange(12) % 3


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x_train": None}, r"expected the arrays x_train.*received x_test, y_test, y_train"),
        ({"x_train": _FLOATS}, r"x_train: expected uint8 images of 20x24 .* float32 of 20x24"),
        ({"x_train": _FLOATS.astype(np.uint8)[:, 1:]}, r"received uint8 of 19x24.* data\.height"),
        ({"y_train": np.array(3)}, r"y_train: expected one whole number .* of no dimensions"),
        ({"y_train": np.eye(3)[_LABELS]}, r"y_train: expected one whole number for each image"),
        ({"y_train": _LABELS[:5]}, r"y_train: expected 12 labels, one for .* received 5"),
        ({"y_train": _LABELS - 1}, r"y_train: expected labels from 0 to 2, received -1 in row 0"),
        ({"y_train": _LABELS + 1}, r"received 3 in row 2\..* data\.num_classes"),
        ({"y_train": np.array([{}] * 12)}, r"expected a whole archive .*pickle"),
    ],
)
def test_arrays_of_other_data_are_refused(
    archive: Path, arrays: dict[str, np.ndarray | None], message: str
):
    _change(archive, **arrays)

    with pytest.raises(DataSetError, match=message) as error:
        check_data_set(str(archive.parent), _LAYOUT, _DATA)

    assert str(error.value).startswith(f"{archive}")


@pytest.mark.parametrize("length", [0, 60, 600])
def test_an_archive_that_was_cut_short_is_refused(archive: Path, length: int):
    archive.write_bytes(archive.read_bytes()[:length])

    with pytest.raises(DataSetError, match=r"mnist\.npz: expected a whole archive of NumPy arrays"):
        check_data_set(str(archive.parent), _LAYOUT, _DATA)


_HEADERS = (b"PK\x03\x04", b"PK\x01\x02")


def _damage(archive: Path, kind: str) -> None:
    content = bytearray(archive.read_bytes())
    if kind == "single array":
        with archive.open("wb") as stream:
            np.save(stream, _LABELS)
        return
    if kind == "header of an array":
        _change(archive)  # stores it without compression
        content = bytearray(archive.read_bytes().replace(b"{'descr'", b"{('desc'"))
    # In zip's two headers: flags at byte 6 and 8, the method of compression two bytes on.
    places = {"encrypted": 6, "compressed otherwise": 8}
    for signature, shift in zip(_HEADERS, (0, 2), strict=True):
        at = content.find(signature)
        while kind in places and at >= 0:
            content[at + places[kind] + shift] = 1 if kind == "encrypted" else 99
            at = content.find(signature, at + 1)
    archive.write_bytes(content)


@pytest.mark.parametrize(
    "kind", ["single array", "encrypted", "compressed otherwise", "header of an array"]
)
def test_what_numpy_cannot_read_is_one_error(archive: Path, kind: str):
    _damage(archive, kind)

    with pytest.raises(DataSetError, match=r"mnist\.npz: expected a whole archive of NumPy arrays"):
        check_data_set(str(archive.parent), _LAYOUT, _DATA)
