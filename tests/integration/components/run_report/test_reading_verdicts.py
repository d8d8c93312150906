"""What a report says of anomalies and distances: what TFX's own components and the gate found."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0.schema_pb2 import Schema
from tfx.components.example_validator.executor import Executor as ExampleValidator
from tfx.types import standard_artifacts

from components.anomaly_gate.reading import read_schema
from components.run_report.reading.verdicts import (
    list_anomalies,
    list_distances,
    print_contract,
)
from support.run_report.written_statistics import Columns, write_statistics

CONTRACT = """
feature {
  name: "label" type: INT int_domain { min: 0 max: 2 is_categorical: true }
  skew_comparator { infinity_norm { threshold: 0.1 } }
  drift_comparator { infinity_norm { threshold: 0.5 } }
}
feature {
  name: "ink" type: FLOAT float_domain { min: 0 max: 1 }
  drift_comparator { jensen_shannon_divergence { threshold: 0.2 } }
}
"""
IN_ORDER: Columns = {"label": [0, 1, 2, 2], "ink": [0.0, 0.2, 0.5, 1.0]}
ALL_THE_SAME: Columns = {"label": [2, 2, 2, 2], "ink": [0.0, 0.2, 0.5, 1.0]}
OUT_OF_RANGE: Columns = {"label": [0, 1, 2, 7], "ink": [0.0, 0.2, 0.5, 3.0]}


@pytest.fixture
def schema(tmp_path: Path) -> standard_artifacts.Schema:
    artifact = standard_artifacts.Schema()
    artifact.uri = str(tmp_path / "schema")
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "schema.pbtxt").write_text(CONTRACT)
    return artifact


@pytest.fixture
def contract(schema: standard_artifacts.Schema) -> Schema:
    return read_schema(schema)


def _validate(
    folder: Path, schema: standard_artifacts.Schema, splits: Mapping[str, Columns]
) -> standard_artifacts.ExampleAnomalies:
    """Runs TFX's ExampleValidator, and returns what it wrote."""
    statistics = write_statistics(folder / "statistics", read_schema(schema), splits)
    anomalies = standard_artifacts.ExampleAnomalies()
    anomalies.uri = str(folder / "anomalies")
    ExampleValidator().Do(
        {"statistics": [statistics], "schema": [schema]}, {"anomalies": [anomalies]}, {}
    )
    return anomalies


def test_train_is_measured_against_eval_whether_or_not_it_is_too_far(
    tmp_path: Path, contract: Schema
):
    splits = {"train": IN_ORDER, "eval": ALL_THE_SAME, "test": ALL_THE_SAME}
    statistics = write_statistics(tmp_path / "statistics", contract, splits)
    near = write_statistics(
        tmp_path / "near", contract, {"train": ALL_THE_SAME, "eval": ALL_THE_SAME}
    )

    [far_distance] = list_distances(
        statistics, None, contract, train_split="train", eval_split="eval"
    )
    [no_distance] = list_distances(near, None, contract, train_split="train", eval_split="eval")

    assert far_distance.where == "split train against split eval"
    assert (far_distance.feature, far_distance.measure) == ("label", "L-infinity")
    assert (far_distance.value, far_distance.threshold) == (0.5, 0.1)
    assert (no_distance.value, no_distance.threshold) == (0.0, 0.1)


def test_drift_is_measured_from_what_was_accepted_before(tmp_path: Path, contract: Schema):
    statistics = write_statistics(
        tmp_path / "statistics", contract, {"train": IN_ORDER, "eval": IN_ORDER}
    )
    previous = write_statistics(
        tmp_path / "previous", contract, {"train": ALL_THE_SAME, "eval": IN_ORDER}
    )
    previous.id = 7

    skew, *drift = list_distances(
        statistics, previous, contract, train_split="train", eval_split="eval"
    )

    assert (skew.where, skew.value) == ("split train against split eval", 0.0)
    before = "split train against the one accepted before (artifact 7)"
    assert {(each.where, each.feature, each.measure, each.threshold) for each in drift} == {
        (before, "label", "L-infinity", 0.5),
        (before, "ink", "Jensen-Shannon", 0.2),
    }
    assert {each.feature: each.value for each in drift} == pytest.approx({"label": 0.5, "ink": 0.0})


def test_the_splits_that_are_compared_are_those_that_are_named(tmp_path: Path, contract: Schema):
    statistics = write_statistics(
        tmp_path / "statistics", contract, {"learn": IN_ORDER, "judge": ALL_THE_SAME}
    )

    [distance] = list_distances(statistics, None, contract, train_split="learn", eval_split="judge")

    assert (distance.where, distance.value) == ("split learn against split judge", 0.5)
    with pytest.raises(ValueError, match="expected statistics of split 'train', received those"):
        list(list_distances(statistics, None, contract, train_split="train", eval_split="judge"))


def test_anomalies_of_every_split_are_listed_with_what_was_found(
    tmp_path: Path, schema: standard_artifacts.Schema
):
    anomalies = _validate(
        tmp_path, schema, {"train": IN_ORDER, "eval": OUT_OF_RANGE, "test": OUT_OF_RANGE}
    )

    found = list(list_anomalies(anomalies))

    assert [(each.where, each.feature) for each in found] == [
        ("split eval", "ink"),
        ("split eval", "label"),
        ("split test", "ink"),
        ("split test", "label"),
    ]
    assert {each.found for each in found if each.feature == "ink"} == {"Out-of-range values"}
    assert all("3>1" in each.description for each in found if each.feature == "ink")


def test_data_that_keep_the_contract_have_no_anomalies(
    tmp_path: Path, schema: standard_artifacts.Schema
):
    anomalies = _validate(tmp_path, schema, {"train": IN_ORDER, "eval": IN_ORDER})

    assert anomalies.splits == ["train", "eval"]
    assert list(list_anomalies(anomalies)) == []


def test_the_contract_that_is_printed_says_all_that_it_was_read_from(contract: Schema):
    printed = print_contract(contract)

    assert text_format.Parse(printed, Schema()) == text_format.Parse(CONTRACT, Schema())
    assert 'name: "label"\n' in printed
