"""TF Serving's REST API over a real socket; see http_rest_api_util.cc and api_rest.md there."""

import base64
import gzip
import socket
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from support.serving.fixtures import MNIST_VERSION, Connection
from support.waiting import DEADLINE_SECONDS


def make_example(image: npt.NDArray[np.uint8]) -> bytes:
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[image.tobytes()]))
    features = tf.train.Features(feature={"image": feature})
    return tf.train.Example(features=features).SerializeToString()


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        ({"instances": [1.0, 2.0, 5.0]}, {"predictions": [2.5, 3.0, 4.5]}),
        ({"instances": [{"x": 1.0}]}, {"predictions": [2.5]}),
        ({"inputs": [1.0, 2.0]}, {"outputs": [2.5, 3.0]}),
        ({"inputs": {"x": [1.0]}}, {"outputs": [2.5]}),
        ({"signature_name": "serving_default", "instances": [0]}, {"predictions": [2.0]}),
    ],
)
def test_half_plus_two_is_predicted_in_every_form(connection: Connection, body: Any, reply: Any):
    response = connection.post("half_plus_two:predict", body)
    assert (response.status_code, response.json()) == (200, reply)
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/half_plus_two/versions/1:predict",
        "/V1/MODELS/half_plus_two/Versions/001:predict",
        "/v1/models/half%5Fplus%5ftwo:predict",
    ],
)
def test_path_of_a_version_any_case_and_percent_signs_lead_to_the_model(
    connection: Connection, path: str
):
    response = connection.rest.post(path, json={"instances": [1.0]})
    assert response.json() == {"predictions": [2.5]}


def test_several_inputs_and_outputs_are_named_in_rows(connection: Connection):
    rows = [{"pair": [1, 2], "name": "ann"}, {"name": "bob", "pair": [3, 4]}]
    assert connection.post("mixer:predict", {"instances": rows}).json() == {
        "predictions": [
            {"total": [21.0], "greeting": "hello ann", "raw_bytes": {"b64": "YW5u"}},
            {"total": [43.0], "greeting": "hello bob", "raw_bytes": {"b64": "Ym9i"}},
        ]
    }


def test_several_inputs_and_outputs_are_named_in_columns(connection: Connection):
    columns = {"pair": [[1, 2]], "name": [{"b64": base64.b64encode(b"ann").decode()}]}
    assert connection.post("mixer:predict", {"inputs": columns}).json() == {
        "outputs": {
            "total": [[21.0]],
            "greeting": ["hello ann"],
            "raw_bytes": [{"b64": "YW5u"}],
        }
    }


def test_integers_and_booleans_keep_their_values(connection: Connection):
    columns = {"small": [[0, 255]], "flag": [True], "large": [-(2**63)]}
    body = {"signature_name": "echo", "inputs": columns}
    assert connection.post("mixer:predict", body).json() == {
        "outputs": {"small_out": [[0, 255]], "flag_out": [True], "large_out": [-(2**63)]}
    }


def test_numbers_that_are_none_go_in_and_come_out(connection: Connection):
    body = b'{"signature_name": "divide", "instances": [0.0, -0.0, Infinity, NaN, 4]}'
    response = connection.rest.post("/v1/models/mixer:predict", content=body)
    assert response.text == '{"predictions":[Infinity,-Infinity,0.0,NaN,0.25]}'


def test_outputs_of_unequal_rows_are_refused_in_rows_but_not_in_columns(connection: Connection):
    body = {"signature_name": "summarize", "instances": [3, 4]}
    response = connection.post("mixer:predict", body)
    assert response.status_code == 400
    assert response.json() == {"error": "Tensor name: count has no shape information "}
    body = {"signature_name": "summarize", "inputs": [3, 4]}
    assert connection.post("mixer:predict", body).json() == {
        "outputs": {"count": 2, "highest": [4]}
    }


def test_our_model_reads_pixels_and_serialized_examples_alike(
    connection: Connection, digits: tuple[Any, Any]
):
    images, labels = digits
    pixels = {"signature_name": "serve_images", "instances": images.tolist()}
    examples = [{"b64": base64.b64encode(make_example(image)).decode()} for image in images]
    from_pixels = connection.post("mnist:predict", pixels).json()["predictions"]
    from_examples = connection.post("mnist:predict", {"instances": examples}).json()["predictions"]
    for one, other in zip(from_pixels, from_examples, strict=True):
        assert one["classes"] == other["classes"]
        np.testing.assert_allclose(one["probabilities"], other["probabilities"], atol=1e-5)
    right = sum(row["classes"] == label for row, label in zip(from_pixels, labels, strict=True))
    assert right >= 58


def test_classify_and_regress_answer_with_results(connection: Connection):
    body: dict[str, Any] = {"examples": [{"x": 1.0}, {"x": [2.0]}]}
    classified = connection.post(
        "half_plus_two:classify", {**body, "signature_name": "classify_x_to_y"}
    )
    assert classified.json() == {
        "results": [[["more", 2.5], ["less", -2.5]], [["more", 3.0], ["less", -3.0]]]
    }
    regressed = connection.post(
        "half_plus_two:regress", {**body, "signature_name": "regress_x_to_y"}
    )
    assert regressed.json() == {"results": [2.5, 3.0]}


def test_context_is_merged_into_each_example(connection: Connection):
    body = {"signature_name": "regress_x_to_y", "context": {"x": 1.0}, "examples": [{}, {"x": 3.0}]}
    response = connection.post("half_plus_two:regress", body)
    assert response.json() == {"results": [2.5, 3.5]}


def test_status_has_string_versions(connection: Connection):
    entry = {
        "version": "1",
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }
    for path in ("half_plus_two", "half_plus_two/versions/1", "half_plus_two/labels/any"):
        response = connection.rest.get(f"/v1/models/{path}")
        assert (response.status_code, response.json()) == (200, {"model_version_status": [entry]})


def test_metadata_nests_signature_def_twice_and_prints_defaults(connection: Connection):
    reply = connection.rest.get("/v1/models/mnist/metadata").json()
    assert reply["model_spec"] == {
        "name": "mnist",
        "signature_name": "",
        "version": str(MNIST_VERSION),
    }
    signatures = reply["metadata"]["signature_def"]["signature_def"]
    assert {"serving_default", "serve_images", "transform_features"} <= set(signatures)
    assert signatures["serve_images"]["method_name"] == "tensorflow/serving/predict"
    [images] = signatures["serve_images"]["inputs"].values()
    assert images["dtype"] == "DT_UINT8"
    assert images["tensor_shape"] == {
        "dim": [{"size": size, "name": ""} for size in ("-1", "28", "28")],
        "unknown_rank": False,
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("GET", "/v1/models", None, 400, "Missing model name in request."),
        ("GET", "/v1/models/nope", None, 404, "Could not find any versions of model nope"),
        (
            "GET",
            "/v1/models/mixer/versions/9",
            None,
            404,
            "Could not find version 9 of model mixer",
        ),
        (
            "GET",
            "/v1/models/nope/metadata",
            None,
            404,
            "Servable not found for request: Latest(nope)",
        ),
        (
            "POST",
            "/v1/models/nope:predict",
            '{"instances": [1]}',
            404,
            "Servable not found for request: Latest(nope)",
        ),
        (
            "POST",
            "/v1/models/mixer/versions/9:predict",
            '{"instances": [1]}',
            404,
            "Servable not found for request: Specific(mixer, 9)",
        ),
        (
            "POST",
            "/v1/models/mixer/labels/beta:predict",
            '{"instances": [1]}',
            400,
            "Unrecognized servable version label: beta",
        ),
        ("POST", "/v1/models/mixer", "{}", 400, "Malformed request: POST /v1/models/mixer"),
        ("DELETE", "/v1/models/mixer", "", 400, "Malformed request: DELETE /v1/models/mixer"),
        ("POST", "/v1/models/nope:predict", "", 400, "JSON Parse error: The document is empty"),
        (
            "POST",
            "/v1/models/half_plus_two:predict",
            '{"signature_name": "x", "instances": [1]}',
            400,
            'Serving signature name: "x" not found in signature def',
        ),
        (
            "POST",
            "/v1/models/half_plus_two:classify",
            '{"examples": [{}]}',
            400,
            "No classification inputs found in SignatureDef: inputs ['x'], outputs ['y']",
        ),
        (
            "POST",
            "/v1/models/half_plus_two:regress",
            '{"signature_name": "x", "examples": [{}]}',
            400,
            "No signature was found with the name: x",
        ),
        (
            "POST",
            "/v1/models/mixer:predict",
            '{"signature_name": "half", "instances": [1]}',
            400,
            (
                "Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: "
                "Conversion of JSON Value: 1 to type: half"
            ),
        ),
        ("GET", "/v2/models", None, 404, "Not Found: /v2/models"),
    ],
)
def test_error_has_the_code_and_the_text_of_tf_serving(
    connection: Connection, method: str, path: str, body: str | None, status: int, error: str
):
    response = connection.rest.request(method, path, content=body)
    assert (response.status_code, response.json()) == (status, {"error": error})
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("images", [[[1, 2], [3, 4]], [[[0] * 28] * 27], [[[0] * 27] * 28], 7])
def test_image_of_another_shape_is_refused(connection: Connection, images: Any):
    body = {"signature_name": "serve_images", "inputs": images}
    response = connection.post("mnist:predict", body)
    assert response.status_code == 400
    assert "expected shape [?,28,28]" in response.json()["error"]


def test_bytes_that_are_no_example_are_refused(connection: Connection):
    response = connection.post("mnist:predict", {"instances": [{"b64": "AAAA"}]})
    assert response.status_code == 400
    assert "error" in response.json()


def test_columns_need_not_be_equally_long(connection: Connection):
    body = {"inputs": {"pair": [[1, 2], [3, 4]], "name": ["ann"]}}
    outputs = connection.post("mixer:predict", body).json()["outputs"]
    assert outputs["total"] == [[21.0], [43.0]]
    assert outputs["greeting"] == ["hello ann"]


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", "identity, gzip"])
def test_body_may_come_as_gzip(connection: Connection, encoding: str):
    response = connection.rest.post(
        "/v1/models/half_plus_two:predict",
        content=gzip.compress(b'{"instances": [1.0]}'),
        headers={"Content-Encoding": encoding},
    )
    assert response.json() == {"predictions": [2.5]}


@pytest.mark.parametrize("tail", ["?a=b", "?", "#a"])
def test_path_of_a_call_has_nothing_behind_it(connection: Connection, tail: str):
    address = ("127.0.0.1", connection.running.server.rest_port or 0)
    target = f"/v1/models/half_plus_two:predict{tail}"
    with socket.create_connection(address, timeout=DEADLINE_SECONDS) as raw:
        head = (
            f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        raw.sendall(head.encode())
        with raw.makefile("rb") as answer:
            content = answer.read()
    assert content.startswith(b"HTTP/1.1 400 ")
    assert content.endswith(f'{{"error":"Malformed request: POST {target}"}}'.encode())


def test_what_only_rapidjson_takes_is_predicted(connection: Connection):
    deep = b"[" * 500_000 + b"]" * 500_000
    body = b'\xef\xbb\xbf{"ignored": ' + deep + b', "instances": [1.0, Inf], "instances": []} x'
    response = connection.rest.post("/v1/models/half_plus_two:predict", content=body)
    assert response.text == '{"predictions":[2.5,Infinity]}'


def test_base64_may_have_line_breaks_and_other_padding(connection: Connection):
    names = ["YW 5u\n", "Y W 5 u d w = =", "YW5uYg.."]
    columns = {"pair": [[1, 2]] * 3, "name": [{"b64": name} for name in names]}
    response = connection.post("mixer:predict", {"inputs": columns})
    assert response.json()["outputs"]["greeting"] == ["hello ann", "hello annw", "hello annb"]


def test_cors_is_off_unless_asked_for(connection: Connection):
    response = connection.rest.get("/v1/models/mixer", headers={"Origin": "http://elsewhere"})
    assert "access-control-allow-origin" not in response.headers
    preflight = connection.rest.options("/v1/models/mixer")
    assert preflight.status_code == 400
    assert preflight.json() == {"error": "Origin header is missing in CORS preflight"}
