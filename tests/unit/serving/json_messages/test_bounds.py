"""Work on a request of any size ends when its time is over, and at values that are too many."""

import itertools
from collections.abc import Callable
from contextlib import closing

import numpy as np
import pytest

from serving.errors import Code, ServingError
from serving.json_messages.bounds import STEPS_BETWEEN_LOOKS, Bounds
from serving.json_messages.examples import parse_examples_request, render_regressions
from serving.json_messages.lenient_reader import read_leniently
from serving.json_messages.predict import Format, parse_predict_request, render_predict_reply
from serving.tensors import Signature, TensorSpec

NUM_LOOKS = 4
MANY = 2 * NUM_LOOKS * STEPS_BETWEEN_LOOKS


def look_at_few() -> Bounds:
    """Returns bounds whose clock goes on whenever it is looked at, and soon is at the end."""
    return Bounds(NUM_LOOKS, clock=itertools.count().__next__)


def is_late(work: Callable[[Bounds], object]) -> bool:
    with pytest.raises(ServingError) as error:
        work(look_at_few())
    return (error.value.code, error.value.message) == (
        Code.DEADLINE_EXCEEDED,
        "Timed out waiting for notification",
    )


def predict(body: bytes, dtype: str = "float", bounds: Bounds | None = None) -> object:
    signature = Signature({"x": TensorSpec(dtype, None)}, {})
    return parse_predict_request(body, lambda _: signature, bounds or look_at_few())


def surround(start: bytes, items: bytes, end: bytes = b"1]}") -> bytes:
    return start + items * MANY + end


@pytest.mark.parametrize(
    "body",
    [
        b"[" * MANY,
        b"[" + (b"[" * 100 + b"]" * 100 + b",") * (MANY // 100),
        b"[" + b"NaN," * 64 * MANY,
        surround(b"[", b"[NaN],"),
        surround(b"[", b'{"a":1,"a":2},'),
        surround(b"[", b'"\\n",'),
        surround(b'"', b"\\n", b'"'),
        surround(b'{"', b"\\u0061", b'":1}'),
        surround(b"[", b'{"a":[]},'),
    ],
    ids=lambda body: body[:14].decode(),
)
def test_reading_what_the_standard_does_not_allow_ends_in_time(body: bytes):
    assert is_late(lambda bounds: read_leniently(body, bounds))


@pytest.mark.parametrize(
    ("start", "item", "end", "dtype"),
    [
        (b'{"a":1,"a":2,"instances":[', b"[1],", b"[1]]}", "float"),
        (b'{"a":{"b":{}},"instances":[', b"[1],", b"[1]]}", "float"),
        (b'{"instances":[', b'{"x":1},', b'{"x":1}]}', "float"),
        (b'{"instances":[', b'{"x":1},', b'{"y":1}]}', "float"),
        (b'{"instances":[', b"[1],", b'["a"]]}', "float"),
        (b'{"instances":[', b'"",', b'""]}', "string"),
        (b'{"inputs":[', b'"",', b'""]}', "string"),
    ],
)
def test_making_arrays_of_rows_and_columns_ends_in_time(
    start: bytes, item: bytes, end: bytes, dtype: str
):
    body = surround(start, item, end) if item != b"[1]," else start + item * 64 * MANY + end
    assert is_late(lambda bounds: predict(body, dtype, bounds))


@pytest.mark.parametrize("item", [b"[1],", b'{"x":1},', b'{"b64":""},'])
def test_counting_values_ends_in_time(item: bytes):
    body = surround(b'{"instances":[', item, item[:-1] + b"]}")

    def count(bounds: Bounds) -> object:
        bounds.max_values = MANY
        return predict(body, bounds=bounds)

    assert is_late(count)


@pytest.mark.parametrize(
    ("start", "item", "end"),
    [
        (b'{"examples":[', b"{},", b"{}]}"),
        (b'{"examples":[', b'{"x":1},', b"{}]}"),
        (b'{"examples":[{"x":[', b'"",', b'""]}]}'),
        (b'{"examples":[{},{}],"context":{"x":[', b'"",', b'""]}}'),
    ],
)
def test_making_examples_ends_in_time(start: bytes, item: bytes, end: bytes):
    assert is_late(lambda bounds: parse_examples_request(surround(start, item, end), bounds))


def test_an_example_of_many_features_ends_in_time():
    features = b",".join(b'"%d":1' % number for number in range(MANY))
    body = b'{"examples":[{' + features + b"}]}"
    assert is_late(lambda bounds: parse_examples_request(body, bounds))


@pytest.mark.parametrize(
    "outputs",
    [
        {"a": np.full(MANY, b"", object)},
        {"a": np.full((MANY, 1), b"", object)},
        {"a": np.full(MANY, np.nan, np.float32)},
        {"a": np.full((MANY, 2), np.nan, np.float32)},
        {"a": np.ones(MANY), "b": np.ones(MANY)},
    ],
)
def test_rendering_a_reply_ends_in_time(outputs: dict[str, np.ndarray]):
    assert is_late(lambda bounds: render_predict_reply(outputs, Format.ROW, bounds))


def test_rendering_scores_ends_in_time():
    scores = np.ones(MANY, np.float32)
    assert is_late(lambda bounds: render_regressions(scores, bounds))


@pytest.mark.parametrize("item", [b"[NaN],", b"NaN,", b'"\\n",', b'[[{"b64":""}]],', b'{"a":NaN},'])
def test_too_many_values_are_refused_before_all_is_read(item: bytes):
    body = b'{"instances":[' + item * MANY  # of which the end has not come
    with pytest.raises(ServingError, match=r"at least \d+ values, expected at most 10$"):
        predict(body, bounds=Bounds(max_values=10))


def test_as_many_values_as_may_be_are_read():
    body = b'{"signature_name":"a","instances":[' + b"NaN," * 9 + b"NaN]}"
    assert predict(body, bounds=Bounds(max_values=10))
    with pytest.raises(ServingError, match="at least 10 values, expected at most 9"):
        predict(body, bounds=Bounds(max_values=9))


def test_work_that_nobody_waits_for_any_more_ends():
    with closing(Bounds()) as bounds:
        assert read_leniently(b"[NaN]", bounds)
    assert is_late(lambda _: read_leniently(b"[NaN]", bounds))
