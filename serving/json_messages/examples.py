"""The JSON of TF Serving's classify and regress APIs: features in, scores out.

Rules and texts are those of util/json_tensor.cc.
"""

import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from serving.errors import ServingError, invalid_argument
from serving.features import Feature, Features
from serving.json_messages.document import format_error, parse_body, read_signature_name, type_of
from serving.json_messages.non_finite import dump_with_nan
from serving.json_messages.tensors import decode_base64, is_base64
from serving.tensors import DEFAULT_SIGNATURE, Array, check_num_values

_CONTEXT_KEY = "context"
_EXAMPLES_KEY = "examples"
_RESULTS_KEY = "results"
_INT64_LIMIT = 2**63


class ExamplesRequest(NamedTuple):
    """What a classify or regress request asks for.

    Attributes:
      signature_name: The signature to call.
      examples: One or more examples.
      context: Features that all examples share, None if the request has no context.
    """

    signature_name: str
    examples: list[Features]
    context: Features | None


def parse_examples_request(body: bytes, *, max_examples: int = sys.maxsize) -> ExamplesRequest:
    """Reads the body of POST .../NAME:classify and .../NAME:regress.

    Args:
      body: The JSON text.
      max_examples: The most examples; checked before anything is made of them.

    Raises:
      ServingError: The body is not of that form.
    """
    document = parse_body(body)
    signature_name = read_signature_name(document)
    context = None
    if _CONTEXT_KEY in document:
        context = _parse_example(document[_CONTEXT_KEY])
    if _EXAMPLES_KEY not in document:
        raise format_error(
            document,
            f"When method is classify, key '{_EXAMPLES_KEY}' is expected and was not found",
        )
    examples = document[_EXAMPLES_KEY]
    if not isinstance(examples, list):
        raise format_error(document, f"Expecting '{_EXAMPLES_KEY}' value to be an list/array")
    if not examples:
        raise format_error(document, f"'{_EXAMPLES_KEY}' value is an empty array")
    check_num_values(len(examples), max_examples)
    return ExamplesRequest(
        signature_name or DEFAULT_SIGNATURE, [_parse_example(item) for item in examples], context
    )


def render_classifications(rows: Sequence[Sequence[tuple[str, float]]]) -> bytes:
    """Returns the body of a classify reply.

    Args:
      rows: For each example its classes, each with label and score (a float32).
    """
    return dump_with_nan({_RESULTS_KEY: rows})


def render_regressions(values: Array) -> bytes:
    """Returns the body of a regress reply: one number for each example.

    The documentation calls the key "result"; the server writes "results".
    """
    return dump_with_nan({_RESULTS_KEY: values})


def _parse_example(value: Any) -> dict[str, Feature]:
    if not isinstance(value, dict):
        raise invalid_argument(f"Example must be JSON object but got JSON {type_of(value)}")
    features = {}
    for name, content in value.items():
        _check_name(name)
        features[name] = _parse_feature(name, content if isinstance(content, list) else [content])
    return features


def _parse_feature(name: str, content: list[Any]) -> Feature:
    kinds = set(map(type, content))
    # Taking a long list at once is what makes this fast.
    if kinds == {float}:
        return Feature("float", content)
    if kinds == {int} and max(content) < _INT64_LIMIT:
        return Feature("int64", content)
    feature = Feature()
    for element in content:
        _add_value(feature, name, element)
    return feature


def _check_name(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise _bad_surrogate() from error


def _add_value(feature: Feature, name: str, value: Any) -> None:
    kind, converted = _convert(name, value)
    if feature.kind not in ("", kind):
        raise invalid_argument(
            f"Unexpected element type in feature: {name} expecting type: {feature.kind}"
        )
    feature.kind = kind
    feature.values.append(converted)


def _convert(name: str, value: Any) -> tuple[str, bytes | float | int]:
    if isinstance(value, str):
        try:
            return "bytes", value.encode()
        except UnicodeEncodeError as error:
            raise _bad_surrogate() from error
    if is_base64(value):
        return "bytes", decode_base64(value)
    if isinstance(value, float):
        return "float", value
    if isinstance(value, int):  # true and false too
        if value >= _INT64_LIMIT:
            raise invalid_argument(
                f"Feature: {name} has uint64_t element. Only int64_t is supported."
            )
        return "int64", int(value)
    raise invalid_argument(
        f"Feature: {name} has element with unexpected JSON type: {type_of(value)}"
    )


def _bad_surrogate() -> ServingError:
    return invalid_argument("JSON Parse error: The surrogate pair in string is invalid.")
