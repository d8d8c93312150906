"""What accepting an inferred schema does to a contract."""

from google.protobuf import text_format
from tensorflow_metadata.proto.v0.schema_pb2 import Schema

from runners.schema.proposal import find_differences, merge_inferred
from support.contracts import AGREEING, CONTRACT, infer


def with_feature(schema: Schema, feature: str) -> Schema:
    """Returns `schema` with another feature in place of the one of that name, or at the end."""
    (new,) = infer(feature).feature
    changed = Schema()
    changed.CopyFrom(schema)
    changed.ClearField("feature")
    changed.feature.extend(old for old in schema.feature if old.name != new.name)
    changed.feature.append(new)
    return changed


def feature_text(schema: Schema, name: str) -> str:
    (feature,) = (feature for feature in schema.feature if feature.name == name)
    return text_format.MessageToString(feature, as_one_line=True)


def test_what_inference_cannot_know_stays():
    merged = merge_inferred(CONTRACT, AGREEING)

    assert "int_domain { min: 0 max: 9 is_categorical: true }" in feature_text(merged, "label")
    assert "infinity_norm { threshold: 0.03 }" in feature_text(merged, "label")
    assert "min_count: 100" in feature_text(merged, "label")
    assert "shape { dim { size: 28 } dim { size: 28 } }" in feature_text(merged, "pixels")
    assert 'domain: "colours"' in feature_text(merged, "colour")
    assert list(merged.default_environment) == ["TRAINING"]
    assert merged.string_domain == CONTRACT.string_domain


def test_what_inference_states_replaces_what_the_contract_says():
    inferred = with_feature(AGREEING, 'name: "pixels" type: FLOAT shape { dim { size: 100 } }')
    inferred.feature[0].presence.min_fraction = 0.5

    merged = merge_inferred(CONTRACT, inferred)

    assert "shape { dim { size: 100 } }" in feature_text(merged, "pixels")
    assert "min_fraction: 0.5" in feature_text(merged, "label")


def test_a_feature_of_another_type_keeps_its_comparators_only():
    shape = "shape { dim { size: 1 } }"
    merged = merge_inferred(CONTRACT, with_feature(AGREEING, f'name: "label" type: BYTES {shape}'))

    text = feature_text(merged, "label")
    assert "type: BYTES" in text
    assert shape in text
    assert "skew_comparator" in text
    assert "int_domain" not in text


def test_new_features_come_last_and_lacking_ones_go_if_they_are_required():
    inferred = infer('name: "age" type: INT')

    merged = merge_inferred(CONTRACT, inferred)

    # Nobody said that a colour must be there.
    assert [feature.name for feature in merged.feature] == ["colour", "age"]


def test_only_string_domains_that_a_feature_refers_to_are_taken_over():
    inferred = with_feature(AGREEING, 'name: "shape" type: BYTES domain: "shapes"')
    inferred.string_domain.add(name="shapes", value=["round"])
    inferred.string_domain.add(name="label", value=["0", "1"])

    merged = merge_inferred(CONTRACT, inferred)

    assert [domain.name for domain in merged.string_domain] == ["colours", "shapes"]


def test_differences_name_path_and_value_and_what_is_kept():
    inferred = with_feature(AGREEING, 'name: "age" type: INT')
    inferred = with_feature(inferred, 'name: "pixels" type: INT')
    proposal = merge_inferred(CONTRACT, inferred)

    differences = {
        difference.key[1]: difference
        for difference in find_differences(CONTRACT, proposal, inferred)
    }

    assert {name: difference.verdict for name, difference in differences.items()} == {
        "label": "agrees",
        "pixels": "differs",
        "colour": "differs",  # the data say that it is always there
        "colours": "agrees",
        "age": "only in the data",
    }
    assert differences["label"].kept == ("int_domain", "skew_comparator")
    assert differences["pixels"].removed == (
        "type: FLOAT",
        "shape.dim[0].size: 28",
        "shape.dim[1].size: 28",
    )
    assert differences["pixels"].added == ("type: INT",)
    assert "presence.min_fraction: 1" in differences["colour"].added


def test_a_lacking_feature_is_only_in_the_contract():
    inferred = infer('name: "label" type: INT', 'name: "colour" type: BYTES')

    differences = find_differences(CONTRACT, merge_inferred(CONTRACT, inferred), inferred)

    pixels = next(one for one in differences if one.key == ("feature", "pixels"))
    assert pixels.verdict == "only in the contract"
    assert "type: FLOAT" in pixels.removed
