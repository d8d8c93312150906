"""Serializes the examples of classify and regress requests."""

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from serving.errors import invalid_argument
from serving.features import Features
from serving.tensors import Array, check_num_values


def serialize_features(examples: Iterable[Features], context: Features | None) -> Array:
    """Returns the examples of a REST request as serialized tf.Examples, string [examples]."""
    prefix = b"" if context is None else _make_example(context)
    return _to_array(prefix + _make_example(example) for example in examples)


def serialize_input(request_input: Any, *, max_examples: int = sys.maxsize) -> Array:
    """Returns the examples of a gRPC request as serialized tf.Examples, string [examples].

    Two serialized messages, one behind the other, read as one merged message: that is how a
    context is put before each example without reading either.

    Args:
      request_input: A tensorflow.serving.Input.
      max_examples: The most examples.

    Raises:
      ServingError: It holds no examples, or too many.
    """
    prefix = b""
    examples = request_input.example_list.examples
    if request_input.WhichOneof("kind") == "example_list_with_context":
        prefix = request_input.example_list_with_context.context.SerializeToString()
        examples = request_input.example_list_with_context.examples
    if not examples:
        raise invalid_argument("Input is empty.")
    check_num_values(len(examples), max_examples)
    return _to_array(prefix + example.SerializeToString() for example in examples)


def _make_example(features: Features) -> bytes:
    example = tf.train.Example()
    for name, feature in features.items():
        values = example.features.feature[name]
        if feature.kind == "bytes":
            values.bytes_list.value.extend(feature.values)
        elif feature.kind == "float":
            values.float_list.value.extend(feature.values)
        elif feature.kind == "int64":
            values.int64_list.value.extend(feature.values)
    return example.SerializeToString()


def _to_array(serialized: Iterable[bytes]) -> Array:
    values = list(serialized)
    array = np.empty(len(values), object)
    array[:] = values
    return array
