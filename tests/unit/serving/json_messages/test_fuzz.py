"""Whatever a client sends, it gets an answer or a ServingError of its own making."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.errors import ServingError
from serving.json_messages.examples import parse_examples_request
from serving.json_messages.predict import parse_predict_request
from serving.rest.path import parse_path
from serving.tensors import NUMPY_TYPES, Signature, TensorSpec, complete_inputs

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=5)
    | st.just({"b64": "AAAA"}),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["x", "y", "b64", ""]), inner, max_size=3)
    ),
    max_leaves=12,
)
DTYPES = st.sampled_from([*NUMPY_TYPES, "complex64"])


def status_of(call: Callable[[], Any]) -> int:
    """Returns the HTTP status of the answer; an error of another kind fails the test."""
    try:
        call()
    except ServingError as error:
        return error.http_status
    return 200


def is_clients_fault(status: int) -> bool:
    """Whether a status is a success, or an error that says what the client did wrong."""
    return status in (200, 400, 501)


@given(
    document=st.fixed_dictionaries(
        {}, optional={"instances": JSON, "inputs": JSON, "signature_name": JSON, "other": JSON}
    ),
    dtype=DTYPES,
    two_inputs=st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_any_json_is_read_or_refused(document: object, dtype: str, *, two_inputs: bool):
    names = ["x", "y"] if two_inputs else ["x"]
    signature = Signature(inputs={name: TensorSpec(dtype, (None, 2)) for name in names}, outputs={})
    body = json.dumps(document).encode()

    def answer() -> None:
        request = parse_predict_request(body, lambda _: signature)
        complete = complete_inputs(signature, request.inputs)
        assert {array.dtype for array in complete.values()} == {np.dtype(NUMPY_TYPES[dtype])}

    assert is_clients_fault(status_of(answer))


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode()))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(body: bytes):
    signature = Signature(inputs={"x": TensorSpec("float", (None,))}, outputs={})
    assert status_of(lambda: parse_predict_request(body, lambda _: signature)) in (200, 400)
    assert status_of(lambda: parse_examples_request(body)) in (200, 400)


@given(
    st.fixed_dictionaries({}, optional={"examples": JSON, "context": JSON, "signature_name": JSON})
)
@settings(max_examples=300, deadline=None)
def test_any_examples_are_read_or_refused(document: object):
    body = json.dumps(document).encode()
    assert status_of(lambda: parse_examples_request(body)) in (200, 400)


@given(st.sampled_from(["GET", "POST", "PUT", "HEAD"]), st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_path_is_read_or_refused(method: str, tail: str):
    assert status_of(lambda: parse_path(method, f"/v1/models/{tail}")) in (200, 400)
