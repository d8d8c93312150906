"""Finding the four files of an IDX data set by their names."""

from collections.abc import Callable
from pathlib import Path

import pytest

from components.idx_files.idx import IMAGES_MAGIC, IdxError, IdxReader
from components.idx_files.idx_folder import IdxPair, find_idx_files

FOUR_NAMES = [
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
]


@pytest.mark.parametrize(
    "rename",
    [
        str,
        "{}.gz".format,
        lambda name: name.replace("-idx", ".idx"),
        lambda name: "emnist-letters-" + name.replace("t10k", "test") + ".gz",
    ],
    ids=["canonical", "gzip", "dotted", "emnist"],
)
def test_the_four_files_are_found_under_their_usual_names(rename: Callable[[str], str]):
    names = [f"gs://bucket/in/{rename(name)}" for name in FOUR_NAMES]

    found = find_idx_files([*names, "gs://bucket/in/README.md"], folder="gs://bucket/in")

    assert found.test == IdxPair(names[0], names[1])
    assert found.train == IdxPair(names[2], names[3])


@pytest.mark.parametrize("missing", FOUR_NAMES)
def test_a_missing_file_is_named_beside_what_was_found(missing: str):
    present = [name for name in FOUR_NAMES if name != missing]

    with pytest.raises(IdxError) as error:
        find_idx_files([*present, "notes.txt"], folder="/in")

    assert f"/in: expected the four files of an IDX data set, plain or .gz; missing {missing}." in (
        str(error.value)
    )
    assert all(name in str(error.value) for name in [*present, "notes.txt"])


def test_a_folder_of_something_else_shows_some_of_it():
    with pytest.raises(IdxError, match=r"img0\.png, img1\.png.* and 92 more"):
        find_idx_files([f"/in/img{number}.png" for number in range(100)], folder="/in")


def test_an_empty_folder_says_so():
    with pytest.raises(IdxError, match="Received no files"):
        find_idx_files([], folder="/in")


@pytest.mark.parametrize(
    "extra",
    [
        ["train-images-idx3-ubyte.gz"],
        ["test-labels-idx1-ubyte"],
        [f"emnist-letters-{name}" for name in FOUR_NAMES],
    ],
    ids=["plain and gzip", "t10k and test", "two data sets"],
)
def test_more_than_one_data_set_is_an_error_that_names_the_files(extra: list[str]):
    with pytest.raises(IdxError, match="expected one IDX data set") as error:
        find_idx_files([*FOUR_NAMES, *extra], folder="/in")

    assert extra[0] in str(error.value)


def test_files_of_two_data_sets_do_not_make_one():
    names = [f"emnist-digits-{name}" for name in FOUR_NAMES[:2]]

    with pytest.raises(IdxError, match="expected one IDX data set"):
        find_idx_files([*names, *FOUR_NAMES[2:]], folder="/in")


def test_folders_that_fixtures_write_are_idx_folders(
    tmp_path: Path, random_idx_folder: Callable[..., Path], mnist_idx_folder: Callable[..., Path]
):
    for name, make in [("random", random_idx_folder), ("real", mnist_idx_folder)]:
        folder = make(tmp_path / name, num_train=12, num_test=3, compress=True)
        found = find_idx_files(map(str, folder.iterdir()), folder=str(folder))
        with Path(found.train.images).open("rb") as stream:
            assert IdxReader(stream, found.train.images, magic=IMAGES_MAGIC).num_rows == 12
