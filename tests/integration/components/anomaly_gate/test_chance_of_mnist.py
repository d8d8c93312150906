"""What chance explains, held against TFDV's distances between random parts of MNIST."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0.schema_pb2 import Schema

from components.anomaly_gate.distances import Comparator, Comparison, Distance, read_distances
from support.project import PROJECT

MNIST = PROJECT / "data" / "mnist"
CONTRACT = PROJECT / "data" / "schema" / "schema.pbtxt"
FEATURES = ("label", "mean_intensity", "ink_fraction")


@pytest.fixture(scope="module")
def schema() -> Schema:
    schema = text_format.Parse(CONTRACT.read_text(), Schema())
    for feature in list(schema.feature):
        if feature.name not in FEATURES:
            schema.feature.remove(feature)
    return schema


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    images = _read(MNIST / "train-images-idx3-ubyte.gz", 16).reshape(-1, 784)
    return pd.DataFrame(
        {
            "label": _read(MNIST / "train-labels-idx1-ubyte.gz", 8).astype(np.int64),
            "mean_intensity": (images.sum(axis=1) / (255 * 784)).astype(np.float32),
            "ink_fraction": (np.count_nonzero(images, axis=1) / 784).astype(np.float32),
        }
    )


def _read(path: Path, header_bytes: int) -> np.ndarray:
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header_bytes)


def compare(part: pd.DataFrame, other: pd.DataFrame, schema: Schema) -> list[Distance]:
    # As pipeline/pipeline.py has StatisticsGen do it.
    options = tfdv.StatsOptions(
        schema=schema, use_sketch_based_topk_uniques=True, num_histogram_buckets=50
    )
    statistics, control = (
        tfdv.generate_statistics_from_dataframe(each, options, n_jobs=1) for each in (part, other)
    )
    return read_distances(
        Comparison(
            where="one part against another",
            comparator=Comparator.SKEW,
            statistics=statistics,
            control=control,
            anomalies=tfdv.validate_statistics(statistics, schema, serving_statistics=control),
        )
    )


@pytest.mark.parametrize("sizes", [(460, 40), (917, 83), (5496, 504), (20_000, 20_000)])
def test_random_parts_of_mnist_differ_by_no_more_than_chance_or_the_contract(
    sizes: tuple[int, int], rows: pd.DataFrame, schema: Schema
):
    generator = np.random.default_rng(3)
    for _ in range(8):
        shuffled = rows.iloc[generator.permutation(len(rows))]
        distances = compare(shuffled[: sizes[0]], shuffled[sizes[0] :][: sizes[1]], schema)

        assert {each.feature for each in distances} == set(FEATURES)
        for each in distances:
            assert each.value <= max(each.by_chance, each.threshold), each


def test_the_first_rows_of_mnist_differ_by_more_than_the_contract_and_less_than_chance(
    rows: pd.DataFrame, schema: Schema
):
    part, held_out = rows[:5496], rows[5496:6000]

    over = [each for each in compare(part, held_out, schema) if each.value > each.threshold]

    assert over
    assert all(each.may_be_chance for each in over)


def test_darker_images_of_as_many_rows_are_no_chance(rows: pd.DataFrame, schema: Schema):
    darker = rows.assign(mean_intensity=rows["mean_intensity"] * np.float32(0.8))

    distances = {each.feature: each for each in compare(darker[:5496], rows[-5496:], schema)}

    assert distances["mean_intensity"].value > 0.02
    assert not distances["mean_intensity"].may_be_chance
