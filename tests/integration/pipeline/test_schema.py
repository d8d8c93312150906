"""The data contract: real MNIST keeps it, and what it must catch breaks it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.types.standard_artifacts import Examples

from components.schema_importer.completion import complete_schema
from components.schema_importer.contract import read_contract
from modules import features
from modules.data_spec import MNIST
from support.project import PROJECT

SCHEMA_PATH = PROJECT / "data" / "schema" / "schema.pbtxt"

ALL_KEYS = {
    features.IMAGE_KEY,
    features.LABEL_KEY,
    features.HEIGHT_KEY,
    features.WIDTH_KEY,
    features.MEAN_INTENSITY_KEY,
    features.INK_FRACTION_KEY,
}


def find_anomalies(schema: schema_pb2.Schema, pattern: str) -> dict[str, list[str]]:
    """Returns what is wrong with each feature, found as the pipeline finds it."""
    options = tfdv.StatsOptions(schema=schema, use_sketch_based_topk_uniques=True)
    statistics = tfdv.generate_statistics_from_tfrecord(pattern, stats_options=options)
    anomalies = tfdv.validate_statistics(statistics, schema)
    return {
        name: [reason.short_description for reason in info.reason]
        for name, info in anomalies.anomaly_info.items()
    }


@pytest.fixture(scope="module")
def schema() -> schema_pb2.Schema:
    return complete_schema(read_contract(str(SCHEMA_PATH)), MNIST)


@pytest.fixture(scope="module")
def real_examples(
    tmp_path_factory: pytest.TempPathFactory,
    mnist_idx_folder: Callable[..., Path],
    generate_examples: Callable[..., Examples],
) -> Examples:
    folder = tmp_path_factory.mktemp("schema")
    source = mnist_idx_folder(folder / "in", num_train=300, num_test=50)
    # So few rows in a shard that some shards of eval are empty, which readers must not mind.
    return generate_examples(source, folder / "out", rows_per_shard=4)


@pytest.fixture(scope="module")
def records(real_examples: Examples) -> list[bytes]:
    shards = tf.io.gfile.glob(f"{real_examples.path(split='train')}/*")
    return list(tf.data.TFRecordDataset(shards, compression_type="GZIP").as_numpy_iterator())


@pytest.mark.parametrize("split", ["train", "eval", "test"])
def test_real_mnist_has_no_anomalies(
    split: str, schema: schema_pb2.Schema, real_examples: Examples
):
    assert find_anomalies(schema, f"{real_examples.path(split=split)}/*") == {}


def set_image(example: tf.train.Example, pixels: np.ndarray) -> None:
    """Replaces the image, and the scalars as IdxExampleGen would compute them."""
    feature = example.features.feature
    feature[features.IMAGE_KEY].bytes_list.value[:] = [pixels.tobytes()]
    feature[features.MEAN_INTENSITY_KEY].float_list.value[:] = [pixels.mean() / 255]
    feature[features.INK_FRACTION_KEY].float_list.value[:] = [np.count_nonzero(pixels) / 784]


def invert_image(example: tf.train.Example) -> None:
    (image,) = example.features.feature[features.IMAGE_KEY].bytes_list.value
    set_image(example, 255 - np.frombuffer(image, np.uint8))


def set_integer(key: str, *values: int) -> Callable[[tf.train.Example], None]:
    def change(example: tf.train.Example) -> None:
        example.features.feature[key].int64_list.value[:] = values

    return change


def set_float(key: str, value: float) -> Callable[[tf.train.Example], None]:
    def change(example: tf.train.Example) -> None:
        example.features.feature[key].float_list.value[:] = [value]

    return change


SCALARS = {features.MEAN_INTENSITY_KEY, features.INK_FRACTION_KEY}


@pytest.mark.parametrize(
    ("change", "keys", "description"),
    [
        (lambda one: set_image(one, np.zeros(784, np.uint8)), SCALARS, "Out-of-range values"),
        (invert_image, SCALARS, "Out-of-range values"),
        (set_integer("label", 10), {"label"}, "Out-of-range values"),
        (set_integer("label", -1), {"label"}, "Out-of-range values"),
        (set_integer("label", 1, 2), {"label"}, "Feature shape dropped"),
        (set_integer("height", 14), {"height"}, "Out-of-range values"),
        (set_integer("width", 56), {"width"}, "Out-of-range values"),
        (set_float("mean_intensity", 1.5), {"mean_intensity"}, "Out-of-range values"),
        (set_float("ink_fraction", float("nan")), {"ink_fraction"}, "Invalid values"),
    ],
    ids=[
        "blank image",
        "inverted image",
        "label too big",
        "label negative",
        "two labels",
        "height",
        "width",
        "mean too big",
        "not a number",
    ],
)
def test_a_single_bad_example_is_an_anomaly(
    change: Callable[[tf.train.Example], None],
    keys: set[str],
    description: str,
    schema: schema_pb2.Schema,
    records: list[bytes],
    tmp_path: Path,
):
    bad = tf.train.Example.FromString(records[0])
    change(bad)

    anomalies = find_anomalies_in(schema, [*records, bad.SerializeToString()], tmp_path)

    assert anomalies == {key: [description] for key in keys}


def test_a_feature_missing_from_one_example_is_an_anomaly(
    schema: schema_pb2.Schema, records: list[bytes], tmp_path: Path
):
    incomplete = []
    for key in sorted(ALL_KEYS):
        example = tf.train.Example.FromString(records[0])
        del example.features.feature[key]
        incomplete.append(example.SerializeToString())

    anomalies = find_anomalies_in(schema, records + incomplete, tmp_path)

    assert set(anomalies) == ALL_KEYS
    assert all("Column dropped" in descriptions for descriptions in anomalies.values())


def test_a_feature_that_the_contract_does_not_know_is_an_anomaly(
    schema: schema_pb2.Schema, records: list[bytes], tmp_path: Path
):
    more = tf.train.Example.FromString(records[0])
    more.features.feature["weight"].float_list.value.append(1.0)

    anomalies = find_anomalies_in(schema, [*records, more.SerializeToString()], tmp_path)

    assert anomalies == {"weight": ["New column"]}


def test_the_contract_and_the_code_name_the_same_features(schema: schema_pb2.Schema):
    assert {feature.name for feature in schema.feature} == ALL_KEYS


def find_anomalies_in(
    schema: schema_pb2.Schema, records: list[bytes], folder: Path
) -> dict[str, list[str]]:
    path = str(folder / "examples.gz")
    with tf.io.TFRecordWriter(path, "GZIP") as writer:
        for record in records:
            writer.write(record)
    return find_anomalies(schema, path)
