"""A contract is completed by what the configuration says of the data, and never contradicts it."""

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0.schema_pb2 import Schema

from components.schema_importer.completion import (
    ContradictionError,
    complete_schema,
    find_labels,
)
from components.schema_importer.contract import Contract
from modules.data_spec import MNIST, DataSpec

DATA = DataSpec(height=32, width=24, num_classes=5)


def parse(*features: str) -> Contract:
    text = "\n".join(f"feature {{ {each} }}" for each in features)
    return Contract(path="own.pbtxt", digest="", schema=text_format.Parse(text, Schema()))


def bounds(schema: Schema) -> dict[str, tuple[int, int]]:
    return {each.name: (each.int_domain.min, each.int_domain.max) for each in schema.feature}


def test_sizes_and_labels_are_filled_in():
    contract = parse(*(f'name: "{name}" type: INT' for name in ("height", "width", "label")))

    completed = complete_schema(contract, DATA)

    assert bounds(completed) == {"height": (32, 32), "width": (24, 24), "label": (0, 4)}
    assert not contract.schema.feature[0].HasField("int_domain"), "the contract itself is as it was"


def test_what_the_contract_says_itself_stands():
    contract = parse('name: "label" type: INT int_domain { min: 1 is_categorical: true }')

    completed = complete_schema(contract, DATA)

    assert bounds(completed) == {"label": (1, 4)}
    assert completed.feature[0].int_domain.is_categorical


def test_a_domain_that_features_share_is_completed_for_the_label():
    contract = parse('name: "label" type: INT domain: "digits"')
    contract.schema.int_domain.add(name="digits", max=3)

    assert find_labels(contract, DATA) == range(4)


@pytest.mark.parametrize(
    ("feature", "expected", "received"),
    [
        ('name: "height" int_domain { min: 28 max: 28 }', "32 to 32", "28 to 28"),
        ('name: "width" int_domain { max: 28 }', "24 to 24", "24 to 28"),
        ('name: "label" int_domain { min: 0 max: 9 }', "0 to 4", "0 to 9"),
        ('name: "label" int_domain { min: 3 max: 2 }', "0 to 4", "3 to 2"),
    ],
)
def test_a_contradiction_names_the_feature_and_both_ranges(
    feature: str, expected: str, received: str
):
    with pytest.raises(ContradictionError, match=f"own.pbtxt: .*from {expected}.*from {received}"):
        complete_schema(parse(feature), DATA)


def test_features_of_other_names_are_left_alone():
    contract = parse('name: "weight" type: INT')

    assert complete_schema(contract, MNIST) == contract.schema


def test_without_a_label_in_the_contract_all_classes_are_expected():
    assert find_labels(parse(), DATA) == range(5)
