"""A folder of pictures by class: what is read, and what is refused with a way out."""

import os
import pickle
import shlex
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from components.data_sets.errors import DataSetError
from components.data_sets.finding import Format, Layout, find_data_set
from modules.data_spec import DataSpec
from pipeline.config_sources import load_config
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


def test_a_colour_model_reads_grey_as_colour(tmp_path: Path):
    grey = draw_rows((20, 24), num_classes=3, rows_per_class=1, seed=1)
    write_pictures(tmp_path, grey, grey, names=_NAMES)

    colour = _read(tmp_path)
    again = _read(tmp_path, _DATA.model_copy(update={"channels": 1}))

    assert colour.images.shape == (3, 20, 24, 3)
    np.testing.assert_array_equal(colour.images[..., 0], again.images)


def test_rows_are_named_by_the_paths_of_their_pictures(folder: Path):
    part = find_data_set(str(folder), _LAYOUT).train

    names = part.name_rows(range(12))

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
        '\'data.class_names=["cat", "dog", "owl"]\'.'
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


@pytest.mark.parametrize(
    "names", [("0", "1", "2"), ("no", "off", "yes"), ("a, b", "it's", "[x]"), ("#a", "b: c", "ö")]
)
def test_the_setting_that_is_advised_can_be_pasted_whatever_classes_are_called(
    tmp_path: Path, rows: Rows, names: tuple[str, ...]
):
    write_pictures(tmp_path, rows, rows, names=names)
    with pytest.raises(DataSetError) as error:
        _read(tmp_path, DataSpec(height=20, width=24, channels=3))

    [line] = shlex.split(str(error.value).partition("are the classes, set ")[2].removesuffix("."))
    read = load_config(overrides=[line]).data.class_names

    assert sorted(read) == sorted(names)
    _read(tmp_path, _DATA.model_copy(update={"class_names": read}))


def test_a_picture_that_is_added_after_the_listing_moves_no_row(folder: Path, rows: Rows):
    part = find_data_set(str(folder), _LAYOUT).train
    listed = part.files
    (folder / "train" / "cat" / "added.png").write_bytes(b"")

    sent = pickle.loads(pickle.dumps(part))  # noqa: S301 - as Beam does it

    assert sent.files == listed
    with sent.open(_DATA) as reader:
        [block] = reader.read_blocks(first_row=0, num_rows=reader.num_rows, rows_per_block=100)
    assert _sorted(Rows(block.images, block.labels)) == _sorted(rows)


def test_a_picture_that_is_removed_after_the_listing_is_one_error(folder: Path):
    part = find_data_set(str(folder), _LAYOUT).train
    gone = folder / "train" / "cat" / "0.png"
    gone.unlink()

    with part.open(_DATA) as reader, pytest.raises(DataSetError) as error:
        list(reader.read_blocks(first_row=0, num_rows=reader.num_rows, rows_per_block=100))

    assert str(error.value) == (
        f"{gone}: expected a file, received nothing, or a link to nothing. Correct or replace it, "
        "or set data_root to another folder."
    )


def test_a_class_may_be_without_pictures(folder: Path):
    for path in folder.glob("train/dog/*"):
        path.unlink()

    with find_data_set(str(folder), _LAYOUT).train.open(_DATA) as reader:
        assert reader.count_labels().tolist() == [4, 0, 4]


def test_a_file_beside_the_folders_of_the_classes_is_refused(folder: Path):
    (folder / "train" / "labels.csv").write_bytes(b"")

    with pytest.raises(DataSetError, match=r"train: expected nothing but a folder .* labels\.csv"):
        find_data_set(str(folder), _LAYOUT)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_may_be_apart_from_their_letters(tmp_path: Path, rows: Rows, form: str):
    names = ("Känguru", "Löwe", "Öltanker")
    stored = [unicodedata.normalize(form, name) for name in names]
    write_pictures(tmp_path, rows, rows, names=stored)

    assert _sorted(_read(tmp_path, _DATA.model_copy(update={"class_names": names}))) == _sorted(
        rows
    )


@pytest.mark.parametrize("place", ["train", "train/cat"])
def test_a_name_that_is_no_utf_8_is_one_error(folder: Path, place: str):
    os.mkdir(os.fsencode(folder / place) + b"/K\xe4nguru.png")  # noqa: PTH102 - no text

    with pytest.raises(DataSetError) as error:
        find_data_set(str(folder), _LAYOUT)

    assert str(error.value).startswith(
        f"{folder / place}: expected names in UTF-8, received b'K\\xe4nguru.png'. Rename it"
    )
