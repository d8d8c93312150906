"""A folder of pictures by class: what is read, and what is refused with a way out."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from components.data_sets.errors import DataSetError
from components.data_sets.finding import Format, Layout, find_data_set
from modules.data_spec import DataSpec
from support.data_sets.files import write_pictures
from support.data_sets.patterns import Rows, draw_rows

_NAMES = ("cat", "dog", "owl")
_DATA = DataSpec(height=20, width=24, channels=3, class_names=_NAMES)
_LAYOUT = Layout(format=Format.IMAGES)


@pytest.fixture
def rows() -> Rows:
    return draw_rows((20, 24, 3), num_classes=3, rows_per_class=4, seed=1)


@pytest.fixture
def folder(tmp_path: Path, rows: Rows) -> Path:
    write_pictures(tmp_path / "pets", rows, rows, names=_NAMES)
    return tmp_path / "pets"


def _read(folder: Path, data: DataSpec = _DATA) -> Rows:
    with find_data_set(str(folder), _LAYOUT).train.open(data) as reader:
        reader.check_lengths()
        [block] = reader.read_blocks(first_row=0, num_rows=reader.num_rows, rows_per_block=100)
    return Rows(block.images, block.labels)


def _sorted(rows: Rows) -> list[tuple[int, bytes]]:
    return sorted((int(label), image.tobytes()) for image, label in zip(*rows, strict=True))


def test_every_picture_is_a_row_of_the_class_that_its_folder_is_called_as(folder: Path, rows: Rows):
    assert _sorted(_read(folder)) == _sorted(rows)


def test_classes_have_the_order_of_their_names_in_the_configuration(folder: Path, rows: Rows):
    data = _DATA.model_copy(update={"class_names": ("owl", "dog", "cat")})

    assert _sorted(_read(folder, data)) == _sorted(Rows(rows.images, 2 - rows.labels))


def test_rows_are_mixed_and_their_order_is_that_of_no_other_folder(folder: Path, tmp_path: Path):
    labels = _read(folder).labels
    folder.rename(tmp_path / "moved")

    assert labels.tolist() != sorted(labels.tolist())
    assert _read(tmp_path / "moved").labels.tolist() == labels.tolist()


def test_blocks_from_any_row_on_are_the_rows_of_one_reading(folder: Path):
    whole = _read(folder)
    with find_data_set(str(folder), _LAYOUT).train.open(_DATA) as reader:
        blocks = list(reader.read_blocks(first_row=3, num_rows=7, rows_per_block=5))

    assert [block.first_row for block in blocks] == [3, 8]
    np.testing.assert_array_equal(
        np.concatenate([block.images for block in blocks]), whole.images[3:10]
    )


def test_a_grey_model_reads_colour_as_grey_and_a_colour_model_grey_as_colour(tmp_path: Path):
    grey = draw_rows((20, 24), num_classes=3, rows_per_class=1, seed=1)
    write_pictures(tmp_path, grey, grey, names=_NAMES)

    colour = _read(tmp_path)
    again = _read(tmp_path, _DATA.model_copy(update={"channels": 1}))

    assert colour.images.shape == (3, 20, 24, 3)
    np.testing.assert_array_equal(colour.images[..., 0], again.images)


def test_rows_are_named_by_the_paths_of_their_pictures(folder: Path):
    part = find_data_set(str(folder), _LAYOUT).train

    names = part.name_rows(range(12), _DATA)

    assert sorted(names) == sorted(
        str(path.relative_to(folder)) for path in folder.glob("train/*/*")
    )
    assert [name.split("/")[1] for name in names] == [_NAMES[label] for label in _read(folder)[1]]


def test_what_systems_leave_behind_is_no_picture_and_no_class(folder: Path):
    (folder / "train" / ".DS_Store").write_bytes(b"")
    (folder / "train" / "cat" / "Thumbs.db").write_bytes(b"")
    (folder / "train" / "cat" / "._0.png").write_bytes(b"")

    assert len(_read(folder).labels) == 12


def test_folders_of_other_classes_are_refused_with_the_setting_that_takes_them(folder: Path):
    with pytest.raises(DataSetError) as error:
        _read(folder, DataSpec(height=20, width=24, channels=3))

    assert str(error.value) == (
        f"{folder}/train: expected a folder for each name in data.class_names (none are set), "
        "received cat, dog, owl. If those are the classes, set "
        "'data.class_names=[cat, dog, owl]'."
    )


def test_a_folder_without_train_and_test_is_refused(folder: Path):
    with pytest.raises(
        DataSetError, match=r"train: expected the folders train and test.* cat, dog"
    ):
        find_data_set(str(folder / "train"), _LAYOUT)


def test_a_set_among_several_is_found_by_its_name(folder: Path):
    named = Layout(format=Format.IMAGES, name=folder.name)

    assert find_data_set(str(folder.parent), named) == find_data_set(str(folder), _LAYOUT)
    assert named.pattern == "pets/*/*/*"


@pytest.mark.parametrize("name", ["9.gif", "nested"])
def test_what_is_no_picture_is_refused_and_not_left_out(folder: Path, name: str):
    path = folder / "train" / "dog" / name
    path.mkdir() if name == "nested" else path.write_bytes(b"GIF89a")

    with pytest.raises(DataSetError, match=rf"dog: expected nothing but pictures .*{name}"):
        _read(folder)


def test_classes_without_any_picture_are_refused(folder: Path):
    for path in folder.glob("train/*/*"):
        path.unlink()

    with pytest.raises(DataSetError, match=r"train: expected pictures .*received none"):
        _read(folder)


def _damage(path: Path, kind: str) -> None:
    pixels = np.zeros((20, 24, 3), np.uint8)
    if kind == "cut short":
        path.write_bytes(path.read_bytes()[:-200])
    elif kind == "another format":
        Image.fromarray(pixels).save(path, format="BMP")
    elif kind == "turned":
        Image.fromarray(pixels.swapaxes(0, 1)).save(path)
    elif kind == "wide":
        Image.fromarray(pixels[..., 0].astype(np.uint16)).save(path)
    else:
        Image.fromarray(np.dstack([pixels, pixels[..., :1]])).save(path)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("cut short", r"expected a whole PNG or JPEG"),
        ("another format", r"expected a whole PNG or JPEG"),
        ("turned", r"expected a picture of 20x24 pixels \(height x width\), received 24x20"),
        ("wide", r"expected a picture with 8 bits in a channel, received one with more \(I;16\)"),
        ("seen through", r"expected a picture without transparent pixels"),
    ],
)
def test_a_picture_that_cannot_be_taken_as_it_is_is_refused(folder: Path, kind: str, message: str):
    path = folder / "train" / "owl" / "2.png"
    _damage(path, kind)

    with pytest.raises(DataSetError, match=message) as error:
        _read(folder)

    assert str(error.value).startswith(f"{path}: ")


def test_an_opaque_fourth_channel_is_left_out(folder: Path, rows: Rows):
    for path in folder.glob("train/*/*"):
        Image.open(path).convert("RGBA").save(path)

    assert _sorted(_read(folder)) == _sorted(rows)
