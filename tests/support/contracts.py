"""A data contract, and schemas as inference makes them."""

from tensorflow_metadata.proto.v0.schema_pb2 import Schema

from runners.schema.text import parse_schema

CONTRACT_TEXT = """\
# The contract { of this data set.

default_environment: "TRAINING"

# Ten "digits".
feature {
  name: "label"
  type: INT
  presence { min_fraction: 1.0 min_count: 100 }
  # Counted, not averaged. }
  int_domain { min: 0 max: 9 is_categorical: true }
  skew_comparator { infinity_norm { threshold: 0.03 } }
}

# Photographs.
feature {
  name: "pixels"
  type: FLOAT
  presence { min_fraction: 1.0 min_count: 1 }
  shape { dim { size: 28 } dim { size: 28 } }
}

# The last one.
feature { name: "colour" type: BYTES domain: "colours" }
string_domain { name: "colours" value: "{red}" }
"""
CONTRACT = parse_schema(CONTRACT_TEXT)


def infer(*features: str) -> Schema:
    """Returns a schema of these features, every one required as in real data."""
    presence = "presence { min_fraction: 1.0 min_count: 1 }"
    return parse_schema("".join(f"feature {{ {presence} {feature} }}" for feature in features))


AGREEING = infer(
    'name: "label" type: INT',
    'name: "pixels" type: FLOAT shape { dim { size: 784 } }',
    'name: "colour" type: BYTES',
)
