"""The JSON of TF Serving's classify and regress APIs: features in, scores out.

Rules and texts are those of util/json_tensor.cc.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from serving.errors import invalid_argument
from serving.features import Feature, Features
from serving.json_messages.bounds import UNBOUNDED, Bounds
from serving.json_messages.document import format_error, parse_body, read_signature_name, type_of
from serving.json_messages.lenient_reader import RepeatedKeys
from serving.json_messages.non_finite import dump_with_nan
from serving.json_messages.tensors import count_values, decode_base64, encode_string, is_base64
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


def parse_examples_request(body: bytes, bounds: Bounds = UNBOUNDED) -> ExamplesRequest:
    """Reads the body of POST .../NAME:classify and .../NAME:regress.

    Args:
      body: The JSON text.
      bounds: An example counts as one more value; they are counted before anything is made of
        them.

    Raises:
      ServingError: The body is not of that form, or out of bounds.
    """
    document = parse_body(body, bounds)
    signature_name = read_signature_name(document)
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
    # With fewer of these there can't be more, and need not be counted.
    if body.count(b",") + body.count(b"{") >= bounds.max_values:
        num_values = _count_values(examples, document.get(_CONTEXT_KEY, []), bounds)
        check_num_values(num_values, bounds.max_values)
    context = _parse_example(document[_CONTEXT_KEY], bounds) if _CONTEXT_KEY in document else None
    return ExamplesRequest(
        signature_name or DEFAULT_SIGNATURE,
        [_parse_example(item, bounds) for item in bounds.paced(examples)],
        context,
    )


def render_classifications(rows: Sequence[Sequence[tuple[str, float]]]) -> bytes:
    """Returns the body of a classify reply.

    Args:
      rows: For each example its classes, each with label and score (a float32).
    """
    return dump_with_nan({_RESULTS_KEY: rows})


def render_regressions(values: Array, bounds: Bounds = UNBOUNDED) -> bytes:
    """Returns the body of a regress reply: one number for each example.

    The documentation calls the key "result"; the server writes "results".
    """
    return dump_with_nan({_RESULTS_KEY: values}, bounds)


def _count_values(examples: list[Any], context: Any, bounds: Bounds) -> int:
    num_values = sum(
        count_values(list(example.values()) if isinstance(example, dict) else example, bounds)
        for example in bounds.paced([context, *examples])
    )
    return num_values + len(examples)


def _parse_example(value: Any, bounds: Bounds) -> dict[str, Feature]:
    if not isinstance(value, dict):
        raise invalid_argument(f"Example must be JSON object but got JSON {type_of(value)}")
    features = {}
    # Of a feature that is there twice TF Serving, too, takes the last.
    members = value.last if isinstance(value, RepeatedKeys) else value
    for name, content in bounds.paced(members.items()):
        _check_name(name)
        values = content if isinstance(content, list) else [content]
        features[name] = _parse_feature(name, values, bounds)
    return features


def _parse_feature(name: str, content: list[Any], bounds: Bounds) -> Feature:
    kinds = set(map(type, content))
    # Taking a long list at once is what makes this fast.
    if kinds == {float}:
        return Feature("float", content)
    if kinds == {int} and max(content) < _INT64_LIMIT:
        return Feature("int64", content)
    feature = Feature()
    for element in bounds.paced(content):
        _add_value(feature, name, element)
    return feature


def _check_name(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise invalid_argument(f"Feature: {name} has a name that is not UTF-8") from error


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
        return "bytes", encode_string(value)
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
