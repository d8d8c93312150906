"""Other formats than four IDX files: the same examples, checks and lineage come of them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import tensorflow as tf
from tfx.proto import example_gen_pb2
from tfx.types.standard_artifacts import Examples

from components.data_sets.data_set import list_files
from components.data_sets.errors import DataSetError
from components.data_sets.finding import Format, Layout, find_data_set
from components.data_sets.storage import digest_file
from components.idx_example_gen.shared_rows import read_shared_rows
from components.idx_example_gen.source_files import (
    digest_source,
    note_source_files,
    source_files,
)
from modules import features
from modules.data_spec import DataSpec
from support.data_sets.files import write_archive, write_idx_files, write_pictures
from support.data_sets.patterns import Rows, draw_rows

NAMES = ("cat", "dog", "owl")
DATA = DataSpec(height=20, width=24, channels=3, class_names=NAMES)
GREY = DATA.model_copy(update={"channels": 1})


class Source(NamedTuple):
    """A folder of data, and how they lie there."""

    folder: Path
    layout: Layout


def draw(image_shape: tuple[int, ...]) -> tuple[Rows, Rows]:
    """Returns rows to train on, and rows to test on."""
    train, test = (
        draw_rows(image_shape, num_classes=3, rows_per_class=number, seed=number)
        for number in (20, 5)
    )
    return train, test


def write_source(folder: Path, kind: str) -> tuple[Source, DataSpec]:
    """Writes the same rows in a format; grey ones where colour is not what it is about."""
    data = DATA if kind in {"pictures", "channels"} else GREY
    train, test = draw(data.image_shape)
    if kind == "pictures":
        write_pictures(folder, train, test, names=NAMES)
        return Source(folder, Layout(format=Format.IMAGES)), data
    if kind == "archive":
        write_archive(folder / "rows.npz", train, test)
        return Source(folder, Layout(format=Format.NPZ)), data
    if kind == "transposed":
        turned = (Rows(rows.images.swapaxes(1, 2), rows.labels) for rows in (train, test))
        write_idx_files(folder, *turned, prefix="emnist-letters-")
        write_idx_files(folder, test, test, prefix="emnist-digits-")
        return Source(folder, Layout(name="letters", is_transposed=True)), data
    write_idx_files(folder, train, test)
    return Source(folder, Layout()), data


def read_rows(examples: Examples, split: str) -> list[tuple[bytes, int]]:
    """Returns image and label of each example, sorted."""
    shards = tf.io.gfile.glob(f"{examples.path(split=split)}/*")
    records = tf.data.TFRecordDataset(shards, "GZIP").as_numpy_iterator()
    found = (tf.train.Example.FromString(record).features.feature for record in records)
    return sorted(
        (
            feature[features.IMAGE_KEY].bytes_list.value[0],
            feature[features.LABEL_KEY].int64_list.value[0],
        )
        for feature in found
    )


def in_bytes(rows: Rows) -> list[tuple[bytes, int]]:
    return sorted((image.tobytes(), int(label)) for image, label in zip(*rows, strict=True))


@pytest.mark.parametrize("kind", ["pictures", "archive", "channels", "transposed"])
def test_each_format_makes_an_example_of_every_row(
    kind: str, tmp_path: Path, generate_examples: Callable[..., Examples]
):
    (folder, layout), data = write_source(tmp_path / "in", kind)

    examples = generate_examples(
        folder, tmp_path / "out", data=data, layout=layout, rows_per_shard=7
    )

    train, test = draw(data.image_shape)
    assert read_rows(examples, "test") == in_bytes(test)
    assert sorted(read_rows(examples, "train") + read_rows(examples, "eval")) == in_bytes(train)


def test_a_row_has_its_split_and_its_features_whatever_format_it_is_in(
    tmp_path: Path, generate_examples: Callable[..., Examples]
):
    found = {}
    for kind in ("archive", "transposed"):
        (folder, layout), data = write_source(tmp_path / kind, kind)
        examples = generate_examples(folder, tmp_path / f"{kind}-out", data=data, layout=layout)
        found[kind] = [read_rows(examples, split) for split in ("train", "eval", "test")]

    assert found["archive"] == found["transposed"]


def read_strings(examples: Examples) -> dict[str, str]:
    properties = examples.mlmd_artifact.custom_properties
    return {name: value.string_value for name, value in properties.items()}


def test_a_picture_that_is_trained_and_tested_on_is_named_by_its_paths(
    tmp_path: Path,
    generate_examples: Callable[..., Examples],
    make_output_config: Callable[..., example_gen_pb2.Output],
):
    (folder, layout), data = write_source(tmp_path / "in", "pictures")
    shutil.copy(folder / "train" / "cat" / "3.png", folder / "test" / "owl" / "copied.png")

    # All rows of the train files are trained on, so that this one is.
    examples = generate_examples(
        folder,
        tmp_path / "out",
        data=data,
        layout=layout,
        output_config=make_output_config(train=1),
    )

    shared = read_shared_rows(read_strings(examples), "test")
    assert shared
    assert str(shared) == "test/owl/copied.png is train/cat/3.png"
    assert not shared.is_contradiction


def test_pictures_are_noted_as_the_sum_of_their_list(
    tmp_path: Path, generate_examples: Callable[..., Examples]
):
    (folder, layout), data = write_source(tmp_path / "in", "pictures")

    examples = generate_examples(folder, tmp_path / "out", data=data, layout=layout)

    noted = source_files(read_strings(examples))
    assert sorted(noted) == ["test (15 files)", "train (60 files)"]


def test_a_damaged_picture_fails_the_node_and_leaves_nothing(
    tmp_path: Path, generate_examples: Callable[..., Examples]
):
    (folder, layout), data = write_source(tmp_path / "in", "pictures")
    path = folder / "test" / "owl" / "5.png"
    path.write_bytes(path.read_bytes()[:300])

    with pytest.raises(DataSetError, match=r"owl/5\.png: expected a whole PNG or JPEG") as error:
        generate_examples(folder, tmp_path / "out", data=data, layout=layout)

    assert str(path) in str(error.value)
    assert list((tmp_path / "out").iterdir()) == []


def digest(source: Source) -> str:
    """Returns what the driver recognises the data by."""
    found = find_data_set(str(source.folder), source.layout)
    digests = {path: digest_file(path) for path in list_files(found)}
    return digest_source(note_source_files(found, digests))


def test_a_picture_that_is_moved_to_another_class_is_a_change_of_the_data(tmp_path: Path):
    source, _ = write_source(tmp_path / "in", "pictures")
    before = digest(source)
    last_cat = max((source.folder / "train" / "cat").iterdir(), key=lambda path: path.name)
    # Before all dogs: in a list of all pictures it stays where it was.
    last_cat.rename(source.folder / "train" / "dog" / "!.png")

    assert digest(source) != before


def test_a_folder_that_is_moved_is_no_change_of_the_data(tmp_path: Path):
    source, _ = write_source(tmp_path / "in", "pictures")
    before = digest(source)
    source.folder.rename(tmp_path / "moved")

    assert digest(source._replace(folder=tmp_path / "moved")) == before
