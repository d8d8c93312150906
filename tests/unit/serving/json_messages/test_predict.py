"""Row and column requests and their replies; the texts are those of TF Serving's json_tensor.cc."""

import contextlib
import json
from typing import Any

import numpy as np
import pytest

from serving.errors import ServingError
from serving.json_messages.bounds import Bounds
from serving.json_messages.document import render_error
from serving.json_messages.predict import (
    Format,
    PredictRequest,
    parse_predict_request,
    render_predict_reply,
)
from serving.tensors import Signature, TensorSpec

FLOATS = TensorSpec("float", (None,))
STRINGS = TensorSpec("string", (None,))


def parse(body: str, **inputs: TensorSpec) -> PredictRequest:
    signature = Signature(inputs=inputs or {"x": FLOATS}, outputs={})
    return parse_predict_request(body.encode(), lambda _: signature)


def error_of(body: str, **inputs: TensorSpec) -> str:
    with pytest.raises(ServingError) as error:
        parse(body, **inputs)
    assert error.value.http_status == 400
    return error.value.message


def test_rows_become_one_array_with_the_rows_first():
    request = parse('{"instances": [[1, 2.5], [3, 4]]}', x=TensorSpec("float", (None, 2)))
    assert request.format is Format.ROW
    assert request.signature_name == "serving_default"
    assert request.inputs["x"].dtype == np.float32
    assert request.inputs["x"].tolist() == [[1.0, 2.5], [3.0, 4.0]]


def test_rows_with_names_become_an_array_for_each_name():
    request = parse('{"instances": [{"a": 1, "b": "x"}, {"b": "y", "a": 2}]}', a=FLOATS, b=STRINGS)
    assert request.inputs["a"].tolist() == [1.0, 2.0]
    assert request.inputs["b"].tolist() == [b"x", b"y"]


def test_a_single_input_may_be_named_in_rows_and_columns():
    assert parse('{"instances": [{"x": 1}]}').inputs["x"].tolist() == [1.0]
    assert parse('{"inputs": {"x": [1]}}').inputs["x"].tolist() == [1.0]


def test_columns_of_a_single_input_need_no_name():
    request = parse('{"signature_name": "other", "inputs": [1, 2]}')
    assert request.format is Format.COLUMN
    assert request.signature_name == "other"
    assert request.inputs["x"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "body",
    [
        '{"instances": [1, 2, 3]}',
        '{"instances": [[1, 2], [["a"]]]}',
        '{"instances": [{"x": 1}, {"x": [2, {"b64": "!"}]}]}',
        '{"inputs": ["a", 2, 3]}',
        '{"inputs": {"x": ["a", 2, 3]}}',
        '{"inputs": {"x": [[[1]], [[2]]], "y": 3}}',
    ],
)
def test_values_are_counted_before_anything_is_made_of_them(body: str):
    def read(most: int) -> PredictRequest:
        signature = Signature({"x": FLOATS}, {})
        return parse_predict_request(body.encode(), lambda _: signature, Bounds(max_values=most))

    with pytest.raises(ServingError, match="The request has 3 values, expected at most 2"):
        read(2)
    with contextlib.suppress(ServingError):
        assert read(3)


def test_what_no_input_is_made_of_does_not_count():
    body = b'{"ignored": [1, 2, 3, 4], "instances": [[], [], []]}'
    signature = Signature({"x": FLOATS}, {})
    request = parse_predict_request(body, lambda _: signature, Bounds(max_values=1))
    assert request.inputs["x"].shape == (3, 0)


@pytest.mark.parametrize(
    ("body", "shapes"),
    [
        (
            '{"inputs": {"a": [1, 2, 3], "b": [[1, 2, 3], [4, 5, 6]]}}',
            {"a": (3,), "b": (2, 3)},
        ),
        ('{"inputs": {"a": 1, "b": []}}', {"a": (), "b": (0,)}),
        ('{"instances": [{"a": 1, "b": [[2]]}]}', {"a": (1,), "b": (1, 1, 1)}),
    ],
)
def test_shape_of_an_input_is_that_of_its_lists_whatever_the_signature(
    body: str, shapes: dict[str, tuple[int, ...]]
):
    request = parse(body, a=TensorSpec("float", (None, 1)), b=TensorSpec("int32", (2, 2)))
    assert {name: array.shape for name, array in request.inputs.items()} == shapes


def test_long_input_is_not_a_matter_of_rows():
    samples = [0.5] * 16_000
    assert parse(json.dumps({"inputs": samples})).inputs["x"].tolist() == samples


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ('{"instances": [1], "instances": [2]}', [1.0]),
        ('{"instances": [1], "inst\\u0061nces": [2]}', [1.0]),
        ('{"instances" : [1], "instances"\n: [2]}', [1.0]),
        ('{"signature_name": "a\\":", "signature_name": 5, "instances": [1]}', [1.0]),
        ('{"inputs": {"x": [1], "y": {"b64": "AA"}, "x": [2]}}', [1.0]),
        ('{"inputs": [1], "other": {"inputs": 5, "inputs": [":"]}}', [1.0]),
    ],
)
def test_first_of_several_equal_keys_counts(body: str, values: list[float]):
    assert parse(body).inputs["x"].tolist() == values


def test_row_that_names_an_input_twice_is_refused():
    # TF Serving would shift the values of all rows behind it.
    assert error_of('{"instances": [{"x": 1}, {"x": 2, "x": 3}]}') == (
        "Failed to process element: 1 of 'instances' list. JSON object: {\n    \"x\": 2\n} has a "
        "key more than once"
    )
    assert "not formatted correctly for base64" in error_of(
        '{"inputs": [{"b64": "AA", "b64": "AA"}]}', x=STRINGS
    )


def test_bytes_that_are_no_utf8_are_taken_in_strings():
    body = b'{"instances": ["\xff", "a\xc3", "\xc3\xa4"]}'
    request = parse_predict_request(body, lambda _: Signature({"x": STRINGS}, {}))
    assert request.inputs["x"].tolist() == [b"\xff", b"a\xc3", b"\xc3\xa4"]


def test_byte_order_mark_is_skipped():
    assert parse('\ufeff{"instances": [1]}').inputs["x"].tolist() == [1.0]
    message = "JSON Parse error: Invalid value. at offset: 17"
    assert error_of('\ufeff{"instances": x}') == message


def test_nesting_under_a_key_that_nobody_reads_does_no_harm():
    deep = "[" * 500_000 + "]" * 500_000
    assert parse(f'{{"ignored": {deep}, "instances": [1]}}').inputs["x"].tolist() == [1.0]
    assert parse(f'{{"instances": [1], "ignored": {deep}}}').inputs["x"].tolist() == [1.0]


def test_wrong_value_far_behind_is_named_with_its_row():
    rows = [[0, 1]] * 200
    spec = TensorSpec("float", (None, 2))
    for wrong, problem in (([0], "Expecting tensor size: 2 but got: 1"), ([0, "a"], "JSON Value")):
        message = error_of(json.dumps({"instances": [*rows, wrong, *rows]}), x=spec)
        assert message.startswith("Failed to process element: 200 of 'instances' list. Error: ")
        assert problem in message
    assert "at level: 0 expected size" not in error_of('{"inputs": [[1], ["a"]]}', x=spec)


def test_search_for_the_wrong_value_ends():
    # What the message says proves that the search was given up: all of it would take minutes.
    message = error_of('{"inputs": [' + "1," * 2_000_000 + '"a"]}')
    assert message.endswith("of type: float; the first 100000 are right")


def test_base64_objects_are_bytes_in_rows_and_columns():
    assert parse('{"instances": [{"b64": "AP8="}]}', s=STRINGS).inputs["s"].tolist() == [b"\0\xff"]
    assert parse('{"inputs": {"b64": "AP8"}}', s=STRINGS).inputs["s"].tolist() == b"\0\xff"


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_words_for_numbers_that_are_none_are_read(word: str):
    [value] = parse(f'{{"instances": [{word}]}}').inputs["x"]
    assert json.dumps(float(value)) == word


def test_text_after_the_first_value_is_ignored_as_by_rapidjson():
    assert parse('{"instances": [1]} and more').inputs["x"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "JSON Parse error: The document is empty"),
        ("  ", "JSON Parse error: The document is empty. at offset: 2"),
        ("nonsense", "JSON Parse error: Invalid value. at offset: 1"),
        (
            '{"a" 1}',
            "JSON Parse error: Missing a colon after a name of object member. at offset: 5",
        ),
        ("{1: 2}", "JSON Parse error: Missing a name for object member. at offset: 1"),
        (
            '{"a": [1 2]}',
            "JSON Parse error: Missing a comma or ']' after an array element. at offset: 9",
        ),
        (
            '{"a": 1 "b"}',
            "JSON Parse error: Missing a comma or '}' after an object member. at offset: 8",
        ),
        ("[1]", "JSON Value: [1] Is not object"),
        ("{}", "Missing 'inputs' or 'instances' key"),
        (
            '{"instances": 1}',
            "JSON Value: {\n    \"instances\": 1\n} Expecting 'instances' to be an list/array",
        ),
        (
            '{"instances": []}',
            "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array",
        ),
        (
            '{"signature_name": 5, "instances": [1]}',
            (
                'JSON Value: {\n    "signature_name": 5,\n    "instances": [1]\n} not formatted '
                "correctly. 'signature_name' key must be a string value."
            ),
        ),
        (
            '{"instances": ["a"]}',
            (
                "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "
                'JSON Value: "a" Type: String is not of expected type: float'
            ),
        ),
        (
            '{"instances": [[1, 2], [3]]}',
            (
                "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
                "Expecting tensor size: 2 but got: 1"
            ),
        ),
        (
            '{"instances": [[[1, 2]], [[1], [2]]]}',
            (
                "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
                "Expecting shape [1,2] but got: [2,1]"
            ),
        ),
        (
            '{"instances": [1, {"x": 2}]}',
            "Expecting value/list but got object at item 1 of input list",
        ),
        ('{"instances": [{"x": 2}, 1]}', "Expecting object but got list at item 1 of input list"),
        (
            '{"instances": [{"y": 2}]}',
            (
                "Failed to process element: 0 key: y of 'instances' list. Error: INVALID_ARGUMENT: "
                "JSON object: does not have named input: y"
            ),
        ),
        (
            '{"instances": [{}]}',
            (
                "Failed to process element: 0 of 'instances' list. JSON object: {} keys must be "
                "equal to: x"
            ),
        ),
        ('{"inputs": {"y": 2}}', "Missing named input: x in 'inputs' object."),
        (
            '{"inputs": [[1], 2]}',
            "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2",
        ),
        ('{"inputs": [1, [2]]}', "Encountered list at unexpected level: 1 expected < 1"),
        (
            '{"inputs": [[1], [2, 3]]}',
            "Encountered list at unexpected size: 2 at level: 1 expected size: 1",
        ),
        ('{"inputs": [true]}', "JSON Value: true Type: True is not of expected type: float"),
        ('{"inputs": [null]}', "JSON Value: null Type: Null is not of expected type: float"),
        (
            '{"inputs": 1e999}',
            "JSON Parse error: Number too big to be stored in double. at offset: 11",
        ),
    ],
)
def test_bad_request_is_answered_with_the_text_of_tf_serving(body: str, message: str):
    assert error_of(body) == message


def test_both_keys_at_once_are_refused():
    assert "expecting only one of 'inputs' or 'instances' keys" in error_of(
        '{"instances": [1], "inputs": [1]}'
    )


def test_values_without_names_are_refused_if_there_are_several_inputs():
    assert error_of('{"instances": [1]}', a=FLOATS, b=FLOATS).startswith(
        "instances is a plain list"
    )
    assert error_of('{"inputs": [1]}', a=FLOATS, b=FLOATS).startswith(
        "inputs is a plain value/list"
    )


@pytest.mark.parametrize("value", ["256", "-1", "1.0", "true", '"1"', "99999999999999999999"])
def test_value_that_does_not_fit_uint8_is_refused_not_wrapped(value: str):
    message = error_of(f'{{"inputs": [{value}]}}', x=TensorSpec("uint8", (None,)))
    assert message.endswith("is not of expected type: uint8")


@pytest.mark.parametrize("text", ['{"b64": 1}', '{"b64": "a-b_"}', '{"b64": "AA==", "c": 1}'])
def test_bad_base64_is_refused(text: str):
    assert "base64" in error_of(f'{{"inputs": {{"s": [{text}]}}}}', s=STRINGS)


def test_nesting_without_end_is_refused():
    for levels in (500, 500_000):
        assert f"nested {levels} deep" in error_of(
            '{"inputs": ' + "[" * levels + "]" * levels + "}"
        )
        rows = '{"instances": [1, ' + "[" * levels + "]" * levels + "]}"
        assert error_of(rows).startswith("Failed to process element: 1 of 'instances' list.")
    assert "deep" in error_of("[" * 1_000_001)


def test_type_that_json_cannot_express_is_unimplemented():
    with pytest.raises(ServingError) as error:
        parse('{"inputs": [1]}', x=TensorSpec("half", (None,)))
    assert error.value.http_status == 501
    assert error.value.message == "Conversion of JSON Value: 1 to type: half"


def reply(outputs: dict[str, Any], form: Format) -> str:
    arrays = {name: np.asarray(value) for name, value in outputs.items()}
    return render_predict_reply(arrays, form).decode()


def test_reply_of_one_output_goes_without_its_name():
    values = np.array([[0.1, 2.0]], np.float32)
    assert reply({"y": values}, Format.ROW) == '{"predictions":[[0.1,2.0]]}'
    assert reply({"y": values}, Format.COLUMN) == '{"outputs":[[0.1,2.0]]}'


def test_reply_of_several_outputs_has_objects_in_rows_and_lists_in_columns():
    outputs = {"a": np.array([1, 2], np.int64), "b": np.array([True, False])}
    assert json.loads(reply(outputs, Format.ROW)) == {
        "predictions": [{"a": 1, "b": True}, {"a": 2, "b": False}]
    }
    assert json.loads(reply(outputs, Format.COLUMN)) == {
        "outputs": {"a": [1, 2], "b": [True, False]}
    }


def test_strings_are_sent_as_base64_only_where_the_name_ends_in_bytes():
    outputs = {"s": np.array([b"hi"], object), "s_bytes": np.array([b"hi"], object)}
    assert json.loads(reply(outputs, Format.ROW)) == {
        "predictions": [{"s": "hi", "s_bytes": {"b64": "aGk="}}]
    }


def test_numbers_that_are_none_are_written_as_words():
    values = np.array([0.1, np.nan, np.inf, -np.inf], np.float32)
    assert reply({"y": values}, Format.ROW) == '{"predictions":[0.1,NaN,Infinity,-Infinity]}'


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"y": np.float32(1)}, "Tensor name: y has no shape information "),
        (
            {"a": np.zeros(2, np.float32), "b": np.zeros(3, np.float32)},
            "Tensor name: b has inconsistent batch size: 3 expecting: 2",
        ),
        ({}, "Cannot convert empty tensor map to JSON"),
    ],
)
def test_outputs_that_are_no_rows_are_refused(outputs: dict[str, Any], message: str):
    with pytest.raises(ServingError, match=message) as error:
        reply(outputs, Format.ROW)
    assert error.value.http_status == 400


@pytest.mark.parametrize(
    ("dtype", "array"),
    [
        ("half", np.array([1], np.float16)),
        ("string", np.array([b"\xff"], object)),
        ("resource", np.zeros(1, [("resource", np.uint8, (1,))])),
    ],
)
def test_output_without_a_form_in_json_is_refused(dtype: str, array: Any):
    with pytest.raises(ServingError, match=f"Failed to write JSON value for tensor type: {dtype}"):
        reply({"y": array}, Format.ROW)


def test_error_is_an_object_with_one_key():
    assert json.loads(render_error('a "quoted" \ud800 text')) == {"error": 'a "quoted" ? text'}
