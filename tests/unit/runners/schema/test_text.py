"""What accepting an inferred schema does to the text of a contract's file."""

from runners.schema.proposal import merge_inferred
from runners.schema.text import parse_schema, rewrite_schema
from support.contracts import AGREEING, CONTRACT, CONTRACT_TEXT, infer


def test_an_unchanged_contract_keeps_its_text():
    assert rewrite_schema(CONTRACT_TEXT, CONTRACT) == CONTRACT_TEXT


def test_only_the_text_of_what_changes_is_written_anew():
    schema = merge_inferred(CONTRACT, AGREEING)
    label = schema.feature[0]
    label.int_domain.max = 10
    schema.feature[2].CopyFrom(CONTRACT.feature[2])

    text = rewrite_schema(CONTRACT_TEXT, schema)

    assert text == CONTRACT_TEXT.replace("max: 9", "max: 10").replace(
        "  # Counted, not averaged. }\n", ""
    )


def test_a_feature_goes_with_its_comment_and_another_comes_at_the_end():
    schema = merge_inferred(CONTRACT, AGREEING)
    schema.ClearField("feature")
    schema.feature.extend([CONTRACT.feature[1], CONTRACT.feature[2]])
    schema.feature.append(infer('name: "age" type: INT').feature[0])

    text = rewrite_schema(CONTRACT_TEXT, schema)

    assert parse_schema(text) == schema
    assert text.startswith("# The contract { of this data set.\n")
    assert "digits" not in text
    assert "# Photographs.\nfeature {\n" in text
    assert text.endswith(
        'feature {\n  name: "age"\n  type: INT\n  presence { min_fraction: 1.0 min_count: 1 }\n}\n'
    )


def test_a_contract_in_an_unusual_spelling_still_gets_the_right_content():
    schema = parse_schema('feature { name: "label" type: INT }')

    text = rewrite_schema('feature < name: "label" >', schema)

    assert parse_schema(text) == schema


def test_a_contract_that_does_not_exist_yet_is_written_from_nothing():
    text = rewrite_schema("", AGREEING)

    assert parse_schema(text) == AGREEING
    assert text.startswith("feature {\n")
