"""Which classes must be measured, from contracts as people write them."""

import re
from pathlib import Path

import pytest

from components.schema_importer.contract import read_contract
from pipeline.classes import measured_classes
from pipeline.config import PipelineConfig
from pipeline.evaluation import make_eval_config


def make_config(contract: Path, **data: int) -> PipelineConfig:
    return PipelineConfig.model_validate({"schema_path": str(contract), "data": data})


def classes_of(config: PipelineConfig) -> tuple[int, ...]:
    return measured_classes(read_contract(config.schema_path), config)


@pytest.mark.parametrize(
    ("label", "num_classes", "expected"),
    [
        ("int_domain { min: 0 max: 9 is_categorical: true }", 10, range(10)),
        ("int_domain { min: 1 max: 26 is_categorical: true }", 27, range(1, 27)),
        ("int_domain { is_categorical: true }", 3, range(3)),
        ('domain: "digits"', 10, range(2, 5)),
        ("", 4, range(4)),
    ],
)
def test_the_classes_are_those_of_the_labels_domain_or_else_all(
    label: str, num_classes: int, expected: range, tmp_path: Path
):
    contract = tmp_path / "schema.pbtxt"
    contract.write_text(
        f'feature {{ name: "label" type: INT {label} }}\n'
        'int_domain { name: "digits" min: 2 max: 4 }\n'
    )

    assert classes_of(make_config(contract, num_classes=num_classes)) == tuple(expected)


def test_a_class_that_is_not_to_be_measured_is_left_out():
    config = PipelineConfig.model_validate({"thresholds": {"unmeasured_classes": [0, 4]}})

    assert classes_of(config) == (1, 2, 3, 5, 6, 7, 8, 9)


def test_a_class_that_is_no_class_cannot_be_left_out():
    config = PipelineConfig.model_validate({"thresholds": {"unmeasured_classes": [3, 10, -1]}})

    with pytest.raises(ValueError, match=r"from 0 to 9 .* received \[-1, 10\]"):
        classes_of(config)


@pytest.mark.parametrize(
    ("label", "unmeasured", "reason"),
    [
        ("int_domain { min: 5 max: 2 }", [], "received a domain from 5 to 2"),
        ("int_domain { min: 10 max: 20 }", [], "received a domain from 10 to 20"),
        ("int_domain { min: 0 max: -1 }", [], "received a domain from 0 to -1"),
        ("int_domain { max: 20 }", [], "from 0 to 9, as data.height"),
        ("int_domain { min: 0 max: 1 }", [0, 1], "thresholds.unmeasured_classes [0, 1]"),
    ],
)
def test_what_leaves_no_class_to_measure_is_an_error_and_never_a_gate_that_is_open(
    label: str, unmeasured: list[int], reason: str, tmp_path: Path
):
    contract = tmp_path / "schema.pbtxt"
    contract.write_text(f'feature {{ name: "label" type: INT {label} }}')
    config = PipelineConfig.model_validate(
        {"schema_path": str(contract), "thresholds": {"unmeasured_classes": unmeasured}}
    )

    with pytest.raises(ValueError, match=re.escape(reason)) as error:
        classes_of(config)

    assert str(contract) in str(error.value)


def test_a_contract_that_is_no_text_is_named(tmp_path: Path):
    contract = tmp_path / "schema.pbtxt"
    contract.write_bytes(b"\xff\xfe")

    with pytest.raises(ValueError, match="expected a schema in protobuf text format") as error:
        classes_of(make_config(contract))

    assert str(error.value).startswith(f"{contract}: ")
    assert "received bytes that are not UTF-8" in str(error.value)


def test_a_contract_that_is_none_is_named_with_line_and_column(tmp_path: Path):
    contract = tmp_path / "schema.pbtxt"
    contract.write_text('feature { name: "label"\n  colour: BLUE }')

    with pytest.raises(ValueError, match="expected a schema in protobuf") as error:
        classes_of(make_config(contract))

    assert str(error.value).startswith(f"{contract}: ")
    assert "2:3" in str(error.value)


def test_each_class_has_thresholds_of_its_own_in_the_evaluation():
    config = PipelineConfig()
    eval_config = make_eval_config(config.thresholds, classes_of(config))

    named = {
        metric.class_name: [
            spec.feature_values["label"]
            for per_slice in metric.per_slice_thresholds
            for spec in per_slice.slicing_specs
            if spec.feature_values
        ]
        for metric in eval_config.metrics_specs[0].metrics
    }
    assert named["SparseCategoricalAccuracy"] == [str(digit) for digit in range(10)]
    assert named["RowCount"] == [str(digit) for digit in range(10)]


def test_a_contract_at_a_storage_that_tensorflow_does_not_know_is_one_error():
    config = PipelineConfig(schema_path="s3://bucket/schema.pbtxt")

    with pytest.raises(ValueError, match=r"s3://bucket/schema\.pbtxt: expected the data contract"):
        classes_of(config)
