import contextlib

import numpy as np
import pytest

from serving.errors import ServingError
from serving.features import Feature
from serving.json_messages.bounds import Bounds
from serving.json_messages.examples import (
    parse_examples_request,
    render_classifications,
    render_regressions,
)


def test_features_take_their_kind_from_the_json():
    request = parse_examples_request(
        b'{"examples": [{"f": [1.5, 2.0], "i": 3, "t": true, "s": "a", "b": {"b64": "AP8="}}]}'
    )
    assert request.signature_name == "serving_default"
    assert request.context is None
    assert request.examples == [
        {
            "f": Feature("float", [1.5, 2.0]),
            "i": Feature("int64", [3]),
            "t": Feature("int64", [1]),
            "s": Feature("bytes", [b"a"]),
            "b": Feature("bytes", [b"\0\xff"]),
        }
    ]


def test_context_is_read_beside_the_examples():
    request = parse_examples_request(b'{"context": {"c": 1.5}, "examples": [{}]}')
    assert request.context == {"c": Feature("float", [1.5])}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{}", "When method is classify, key 'examples' is expected and was not found"),
        (b'{"examples": 1}', "Expecting 'examples' value to be an list/array"),
        (b'{"examples": []}', "'examples' value is an empty array"),
        (b'{"examples": [1]}', "Example must be JSON object but got JSON Number"),
        (
            b'{"examples": [{"f": [1.5, 2]}]}',
            "Unexpected element type in feature: f expecting type: float",
        ),
        (b'{"examples": [{"f": null}]}', "Feature: f has element with unexpected JSON type: Null"),
        (
            b'{"examples": [{"f": [[1]]}]}',
            "Feature: f has element with unexpected JSON type: Array",
        ),
        (
            b'{"examples": [{"f": 9223372036854775808}]}',
            "Feature: f has uint64_t element. Only int64_t is supported.",
        ),
    ],
)
def test_bad_request_is_answered_with_the_text_of_tf_serving(body: bytes, message: str):
    with pytest.raises(ServingError) as error:
        parse_examples_request(body)
    assert error.value.message.endswith(message)
    assert error.value.http_status == 400


@pytest.mark.parametrize(
    "body",
    [
        b'{"examples": [{}, {}, {}]}',
        b'{"examples": [{"x": [1, 2]}]}',
        b'{"examples": [{"x": 1, "y": {"b64": "!"}}]}',
        b'{"context": {"x": [1]}, "examples": [{"x": null}]}',
    ],
)
def test_examples_and_their_values_are_counted_before_anything_is_made_of_them(body: bytes):
    with pytest.raises(ServingError, match="The request has 3 values, expected at most 2"):
        parse_examples_request(body, Bounds(max_values=2))
    with contextlib.suppress(ServingError):
        assert parse_examples_request(body, Bounds(max_values=3))


def test_first_of_equal_keys_counts_but_the_last_of_equal_features():
    body = b'{"examples": [{"x": 1, "x": 2, "y": ":"}], "examples": []}'
    [example] = parse_examples_request(body).examples
    assert example == {"x": Feature("int64", [2]), "y": Feature("bytes", [b":"])}


def test_bytes_that_are_no_utf8_are_taken_in_features_but_not_in_their_names():
    [example] = parse_examples_request(b'{"examples": [{"x": "\xff"}]}').examples
    assert example == {"x": Feature("bytes", [b"\xff"])}
    with pytest.raises(ServingError, match="has a name that is not UTF-8"):
        parse_examples_request(b'{"examples": [{"\xff": 1}]}')


def test_replies_use_the_key_results_as_the_server_does():
    assert render_regressions(np.array([0.1, 2], np.float32)) == b'{"results":[0.1,2.0]}'
    assert render_classifications([[("a", 0.5)]]) == b'{"results":[[["a",0.5]]]}'
