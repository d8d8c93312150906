"""What a report reads of the data: statistics that TFDV made, and pictures of TFRecord files."""

import math
from collections.abc import Mapping
from pathlib import Path

import pytest
from tensorflow_metadata.proto.v0.schema_pb2 import Schema
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatistics

from components.idx_example_gen.shared_rows import SharedRows, note_shared_rows
from components.run_report.charts.pictures import decode_picture
from components.run_report.content.data import Samples
from components.run_report.reading.data import (
    MAX_SAMPLES,
    SAMPLES_OF_EACH_CLASS,
    read_features,
    read_samples,
    read_splits,
)
from modules.data_spec import MNIST
from runners.schema.text import parse_schema
from support.run_report.examples import write_examples
from support.run_report.written_statistics import Columns, make_statistics

CONTRACT = parse_schema("""
feature { name: "label" type: INT int_domain { min: 0 max: 255 is_categorical: true } }
feature { name: "ink" type: FLOAT }
feature { name: "height" type: INT }
""")
SKETCHED = 0.01  # so much the counts of a histogram may be off
# TFDV subtracts the mean from each value.
ignore_that_infinity_has_no_mean = pytest.mark.filterwarnings(
    "ignore:invalid value encountered:RuntimeWarning"
)


def _first_pixels(samples: Samples) -> list[int]:
    return [int(decode_picture(picture)[0, 0]) for picture in samples.pictures]


def _statistics(
    splits: Mapping[str, Columns], schema: Schema = CONTRACT
) -> dict[str, DatasetFeatureStatistics]:
    return {name: make_statistics(columns, schema).datasets[0] for name, columns in splits.items()}


def test_the_first_examples_of_each_class_are_shown_in_the_order_that_is_asked_for(tmp_path: Path):
    rows = [(number % 3, (number, 0, 0)) for number in range(60)]
    shard = write_examples(tmp_path / "train.gz", rows)

    samples = list(read_samples(shard, ("2", "0", "1"), MNIST))

    assert [each.label for each in samples] == ["2", "0", "1"]
    for first, each in zip((2, 0, 1), samples, strict=True):
        assert _first_pixels(each) == [first + 3 * n for n in range(SAMPLES_OF_EACH_CLASS)]


def test_pictures_are_whole_images(tmp_path: Path):
    shard = write_examples(tmp_path / "train.gz", [(0, (7, 8, 9))])

    [samples] = read_samples(shard, ["0"], MNIST)

    [picture] = map(decode_picture, samples.pictures)
    assert picture.shape == (28, 28)
    assert picture[0, :4].tolist() == [7, 8, 9, 0]


def test_shards_are_read_in_the_order_of_their_names(tmp_path: Path):
    write_examples(tmp_path / "train-00001-of-00002.gz", [(0, (2, 0, 0)), (0, (3, 0, 0))])
    write_examples(tmp_path / "train-00000-of-00002.gz", [(0, (1, 0, 0))])

    [samples] = read_samples(f"{tmp_path}/train-*", ["0"], MNIST)

    assert _first_pixels(samples) == [1, 2, 3]


def test_files_that_are_sorted_by_class_show_all_classes(tmp_path: Path):
    rows = [(label, (label, 0, 0)) for label in (0, 1, 2) for _ in range(1100)]
    shard = write_examples(tmp_path / "train.gz", rows)

    samples = list(read_samples(shard, ("0", "1", "2"), MNIST))

    shown = {each.label: _first_pixels(each) for each in samples}
    assert shown == {str(label): [label] * SAMPLES_OF_EACH_CLASS for label in (0, 1, 2)}


def test_a_class_without_an_example_has_no_pictures(tmp_path: Path):
    shard = write_examples(tmp_path / "train.gz", [(0, (1, 0, 0))])

    samples = list(read_samples(shard, ("0", "7"), MNIST))

    assert [(each.label, len(each.pictures)) for each in samples] == [("0", 1), ("7", 0)]


def test_a_class_that_is_not_asked_for_is_not_shown(tmp_path: Path):
    shard = write_examples(tmp_path / "train.gz", [(0, (1, 0, 0)), (1, (2, 0, 0))])

    [samples] = read_samples(shard, ["1"], MNIST)

    assert (samples.label, _first_pixels(samples)) == ("1", [2])


@pytest.mark.parametrize(("num_classes", "of_each"), [(25, 12), (30, 10), (256, 1)])
def test_many_classes_share_the_pictures_that_a_page_has_room_for(
    tmp_path: Path, num_classes: int, of_each: int
):
    rows = [(label, (0, 0, 0)) for _ in range(of_each + 1) for label in range(num_classes)]
    shard = write_examples(tmp_path / "train.gz", rows)

    samples = list(read_samples(shard, [str(label) for label in range(num_classes)], MNIST))

    assert {len(each.pictures) for each in samples} == {of_each}
    assert sum(len(each.pictures) for each in samples) <= MAX_SAMPLES


def test_a_class_that_one_split_lacks_counts_0_there_and_shared_images_are_told():
    of_splits = _statistics({"train": {"label": [10, 2, 2, 0]}, "eval": {"label": [3]}})

    train, evaluated = read_splits(of_splits, dict([note_shared_rows("eval", SharedRows(3))]))

    assert (train.name, train.rows, evaluated.name, evaluated.rows) == ("train", 4, "eval", 1)
    assert train.classes == {"0": 1, "2": 2, "3": 0, "10": 1}
    assert evaluated.classes == {"0": 0, "2": 0, "3": 1, "10": 0}
    assert (train.shared_rows, evaluated.shared_rows) == (None, 3)


def test_classes_are_in_the_order_of_their_numbers():
    [split] = read_splits(_statistics({"train": {"label": [10, 9, 100, 0, 9]}}), {})

    assert list(split.classes) == ["0", "9", "10", "100"]


def test_classes_are_unknown_where_the_contract_has_numbers_for_labels():
    of_numbers = parse_schema('feature { name: "label" type: INT }')

    [split] = read_splits(_statistics({"train": {"label": [0, 1, 1]}}, of_numbers), {})

    assert (split.rows, split.classes) == (3, {})


def test_a_number_has_a_histogram_of_each_split():
    of_splits = _statistics(
        {
            "train": {"ink": [0.0, 0.1, 0.3, 1.0], "height": [28, 28, 28, 28]},
            "eval": {"ink": [0.0, 0.0, 2.0], "height": [28, 28, 28]},
        }
    )

    [ink] = read_features(of_splits)  # height is the same everywhere: there is nothing to draw

    train, evaluated = ink.histograms
    assert (ink.name, train.name, evaluated.name) == ("ink", "train", "eval")
    assert train.edges == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert evaluated.edges == (0.0, 0.5, 1.0, 1.5, 2.0)
    assert train.counts == pytest.approx([2, 1, 0, 1], abs=SKETCHED)
    assert evaluated.counts == pytest.approx([2, 0, 0, 1], abs=SKETCHED)


def test_a_number_that_varies_in_one_split_is_compared_with_its_one_value_in_the_other():
    [ink] = read_features(_statistics({"train": {"ink": [0.0, 1.0]}, "eval": {"ink": [0.5, 0.5]}}))

    _, evaluated = ink.histograms
    assert evaluated.edges == (0.5, 0.5)
    assert evaluated.counts == pytest.approx([2], abs=SKETCHED)


def test_classes_are_no_number_to_draw():
    assert list(read_features(_statistics({"train": {"label": [0, 1, 2, 3]}}))) == []


@ignore_that_infinity_has_no_mean
@pytest.mark.parametrize(
    "values",
    [
        [0.0, 1.0, 2.0, math.inf],
        [-math.inf, 0.0, 1.0, 2.0],
        [-math.inf, math.inf, math.inf, math.inf],
    ],
    ids=["up", "down", "nothing else"],
)
def test_a_number_with_infinite_values_is_left_out_beside_one_that_can_be_drawn(
    values: list[float],
):
    of_split = _statistics({"train": {"height": [1, 2, 3, 4], "ink": values}})

    [drawn] = read_features(of_split)

    assert drawn.name == "height"


def test_values_that_are_no_number_leave_the_others_drawn():
    [ink] = read_features(_statistics({"train": {"ink": [0.0, math.nan, 1.0]}}))

    [train] = ink.histograms
    assert (train.edges[0], train.edges[-1]) == (0.0, 1.0)
    assert sum(train.counts) == pytest.approx(2, abs=SKETCHED)
