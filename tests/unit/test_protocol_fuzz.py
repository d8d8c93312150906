"""Whatever a client sends, it gets an answer or a ServingError of its own making."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from serving.errors import ServingError
from serving.json_examples import parse_examples_request
from serving.protocol import parse_predict_request
from serving.rest_path import parse_path
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


def is_our_fault_free(error):
    return 400 <= error.http_status < 500 or error.http_status == 501


@given(
    st.fixed_dictionaries(
        {}, optional={"instances": JSON, "inputs": JSON, "signature_name": JSON, "other": JSON}
    ),
    DTYPES,
    st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_any_json_is_read_or_refused(document, dtype, two_inputs):
    names = ["x", "y"] if two_inputs else ["x"]
    signature = Signature(inputs={name: TensorSpec(dtype, (None, 2)) for name in names}, outputs={})
    body = json.dumps(document).encode()
    try:
        request = parse_predict_request(body, lambda _: signature)
        complete = complete_inputs(signature, request.inputs)
    except ServingError as error:
        assert is_our_fault_free(error)
    else:
        for name in names:
            assert complete[name].dtype == NUMPY_TYPES[dtype]
            assert complete[name].shape[1:] == (2,)


@given(
    st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "ignore"))
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(body):
    signature = Signature(inputs={"x": TensorSpec("float", (None,))}, outputs={})
    for parse in (
        lambda: parse_predict_request(body, lambda _: signature),
        lambda: parse_examples_request(body),
    ):
        try:
            parse()
        except ServingError as error:
            assert error.http_status == 400


@given(
    st.fixed_dictionaries({}, optional={"examples": JSON, "context": JSON, "signature_name": JSON})
)
@settings(max_examples=300, deadline=None)
def test_any_examples_are_read_or_refused(document):
    try:
        request = parse_examples_request(json.dumps(document).encode())
    except ServingError as error:
        assert error.http_status == 400
    else:
        for example in request.examples:
            for feature in example.values():
                assert feature.kind or not feature.values


@given(st.sampled_from(["GET", "POST", "PUT", "HEAD"]), st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_path_is_read_or_refused(method, tail):
    try:
        call = parse_path(method, f"/v1/models/{tail}")
    except ServingError as error:
        assert error.http_status == 400
    else:
        assert call.model.name
