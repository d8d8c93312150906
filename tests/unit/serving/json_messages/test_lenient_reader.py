"""What RapidJSON 1.1.0 takes and refuses with TF Serving's flags; texts and offsets are its own."""

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import ServingError
from serving.json_messages.lenient_reader import MAX_DEPTH, RepeatedKeys, read_leniently

LEVELS = 500_000
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(JSON, st.booleans(), st.sampled_from([None, 1]))
def test_every_json_value_is_read_as_by_the_standard_library(
    value: Any,
    ensure_ascii: bool,  # noqa: FBT001
    indent: int | None,
):
    text = json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)
    assert repr(read_leniently(text.encode())) == repr(json.loads(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"\xef\xbb\xbf[1]", [1]),
        (b" [1, true] and more", [1, True]),
        (b"[1]\0", [1]),
        (b"Inf", math.inf),
        (b"[-Infinity, Infinity, -Inf, 1]", [-math.inf, math.inf, -math.inf, 1]),
        (b"18446744073709551615", 2**64 - 1),
        (b"18446744073709551616", 2.0**64),
        (b"-9223372036854775809", -(2.0**63)),
        (b"[1e-999]", [0.0]),
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (b'"a\xff"', "a\udcff"),
        (rb'"\udc80"', "\udced\udcb2\udc80"),
        (b'{"a": 1, "b": 2, "a": 3}', {"a": 1, "b": 2}),
    ],
)
def test_more_than_the_standard_is_taken(text: bytes, value: Any):
    assert read_leniently(text) == value


@pytest.mark.parametrize("text", [b"NaN", b"-NaN"])
def test_not_a_number_is_a_number(text: bytes):
    assert math.isnan(read_leniently(text))


def test_key_that_occurs_twice_has_its_first_value_and_keeps_its_last():
    value = read_leniently(b'{"a": 1, "b": 2, "a": 3}')
    assert isinstance(value, RepeatedKeys)
    assert value.last == {"a": 3, "b": 2}


@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_is_followed_as_deep_as_it_goes(start: bytes, end: bytes):
    value = read_leniently(start * LEVELS + b"7" + end * LEVELS)
    for _ in range(LEVELS):
        [value] = value.values() if isinstance(value, dict) else value
    assert value == 7


def test_nesting_that_would_fill_the_memory_is_refused():
    with pytest.raises(ServingError, match=f"nested deeper than {MAX_DEPTH}"):
        read_leniently(b"[" * (MAX_DEPTH + 1))


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        (b"  ", "The document is empty.", 2),
        (b"]", "The document is empty.", 0),
        (b"nul", "Invalid value.", 3),
        (b"x", "Invalid value.", 0),
        (b"[1,]", "Invalid value.", 3),
        (b"[", "Invalid value.", 1),
        (b"[-Infinit]", "Invalid value.", 9),
        (b"[Na]", "Invalid value.", 3),
        (b'{"a":}', "Invalid value.", 5),
        (b'{"a":1,}', "Missing a name for object member.", 7),
        (b"{1", "Missing a name for object member.", 1),
        (b'{"a" 1', "Missing a colon after a name of object member.", 5),
        (b'{"a":1 "b"', "Missing a comma or '}' after an object member.", 7),
        (b"[1 2]", "Missing a comma or ']' after an array element.", 3),
        (b"[01]", "Missing a comma or ']' after an array element.", 2),
        (b"[1", "Missing a comma or ']' after an array element.", 2),
        (b'"a', "Missing a closing quotation mark in string.", 2),
        (b'"a\nb"', "Invalid escape character in string.", 2),
        (rb'"a\x"', "Invalid escape character in string.", 2),
        (rb'"a\u12g4"', r"Incorrect hex digit after \u escape in string.", 2),
        (rb'"a\ud800"', "The surrogate pair in string is invalid.", 2),
        (rb'"a\ud800\u0041"', "The surrogate pair in string is invalid.", 2),
        (b"[1.]", "Miss fraction part in number.", 3),
        (b"[1e+]", "Miss exponent in number.", 4),
        (b"[2, 1e309]", "Number too big to be stored in double.", 4),
    ],
)
def test_what_is_no_json_is_refused_where_it_is_none(text: bytes, message: str, offset: int):
    with pytest.raises(ServingError) as error:
        read_leniently(text)
    assert error.value.message == f"JSON Parse error: {message} at offset: {offset}"


@given(st.binary(max_size=30) | st.text('[]{}",:\\u0e1N-Inft ', max_size=30).map(str.encode))
def test_any_bytes_are_read_or_refused(text: bytes):
    with contextlib.suppress(ServingError):
        read_leniently(text)
