"""Each call of TensorFlow Serving's guides that comes with an answer, and that answer.

api_rest.md, docker.md and tensorboard.md ask half_plus_two and half_plus_three; the other forms
that api_rest.md describes are asked of models that take them.
"""

from typing import Any

import httpx
import numpy as np
import pytest

from support.serving.fixtures import Connection

HALF_PLUS_TWO = ["half_plus_two", "half_plus_two_pbtxt"]
REGRESS = {"signature_name": "tensorflow/serving/regress", "examples": [{"x": 1.0}, {"x": 2.0}]}


def curl(connection: Connection, path: str, body: str) -> httpx.Response:
    """Posts what `curl -d` does: with the content type of a form."""
    return connection.rest.post(
        f"/v1/models/{path}",
        content=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )


@pytest.mark.parametrize("model", HALF_PLUS_TWO)
def test_first_call_of_the_docker_guide_and_of_the_readme(stock: Connection, model: str):
    response = curl(stock, f"{model}:predict", '{"instances": [1.0, 2.0, 5.0]}')
    assert (response.status_code, response.json()) == (200, {"predictions": [2.5, 3.0, 4.5]})
    assert response.headers["content-type"] == "application/json"


def test_status_in_the_guide_to_rest(stock: Connection):
    response = stock.rest.get("/v1/models/saved_model_half_plus_three")
    assert (response.status_code, response.json()) == (
        200,
        {
            "model_version_status": [
                {
                    "version": "123",
                    "state": "AVAILABLE",
                    "status": {"error_code": "OK", "error_message": ""},
                }
            ]
        },
    )


def test_predict_in_the_guide_to_rest(stock: Connection):
    response = curl(stock, "saved_model_half_plus_three:predict", '{"instances": [1.0,2.0,5.0]}')
    assert (response.status_code, response.json()) == (200, {"predictions": [3.5, 4.0, 5.5]})


def test_regress_in_the_guide_to_rest(stock: Connection):
    # The guide says `result` where it describes the format, and `results` in the call; so does the
    # server.
    response = stock.post("saved_model_half_plus_three:regress", REGRESS)
    assert (response.status_code, response.json()) == (200, {"results": [3.5, 4.0]})


def test_unknown_model_in_the_guide_to_rest(stock: Connection):
    response = curl(stock, "half:predict", '{"instances": [1.0,5.0]}')
    assert response.status_code == 404
    assert response.json() == {"error": "Servable not found for request: Latest(half)"}
    assert response.headers["content-type"] == "application/json"


def test_metadata_tells_the_signatures_as_the_model_file_has_them(stock: Connection):
    reply = stock.rest.get("/v1/models/saved_model_half_plus_three/metadata").json()
    assert reply["model_spec"] == {
        "name": "saved_model_half_plus_three",
        "signature_name": "",
        "version": "123",
    }
    signatures = reply["metadata"]["signature_def"]["signature_def"]
    assert set(signatures) == {"serving_default", "tensorflow/serving/regress"}
    regress = signatures["tensorflow/serving/regress"]
    assert regress["method_name"] == "tensorflow/serving/regress"
    assert regress["inputs"]["inputs"]["dtype"] == "DT_FLOAT"


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        ({"instances": ["foo", "bar", "baz"]}, {"predictions": ["foo", "bar", "baz"]}),
        ({"instances": "foo"}, None),
        ({"inputs": "foo"}, {"outputs": "foo"}),
        ({"inputs": ["foo", "bar"]}, {"outputs": ["foo", "bar"]}),
        ({"inputs": {"x": [["foo"]]}}, {"outputs": [["foo"]]}),
        ({"instances": [{"b64": "aW1hZ2UgYnl0ZXM="}]}, {"predictions": ["image bytes"]}),
        ({"instances": [{"x": {"b64": "aW1hZ2UgYnl0ZXM="}}]}, {"predictions": ["image bytes"]}),
    ],
)
def test_strings_in_rows_and_columns(stock: Connection, body: dict[str, Any], reply: Any):
    response = stock.post("identities:predict", {"signature_name": "string", **body})
    assert (response.json() if response.is_success else None) == reply
    assert response.status_code in (200, 400)


def test_rows_of_matrices(stock: Connection):
    body = {"signature_name": "float32", "instances": [[[1, 2]], [[3, 4]]]}
    assert stock.post("identities:predict", body).json() == {"predictions": [[[1, 2]], [[3, 4]]]}


def test_output_whose_name_ends_in_bytes_is_base64(stock: Connection):
    body = {"signature_name": "pack", "instances": [{"b64": "aW1hZ2UgYnl0ZXM="}, "seaside"]}
    assert stock.post("columns:predict", body).json() == {
        "predictions": [{"b64": "aW1hZ2UgYnl0ZXM="}, {"b64": "c2Vhc2lkZQ=="}]
    }


def test_numbers_that_json_does_not_know_go_both_ways(stock: Connection):
    body = '{"signature_name": "float64", "instances": [1.0, -3.14, NaN, Infinity, -Infinity, 1e3]}'
    response = curl(stock, "identities:predict", body)
    assert response.text.replace(" ", "").replace("\n", "") == (
        '{"predictions":[1.0,-3.14,NaN,Infinity,-Infinity,1000.0]}'
    )


def test_number_beyond_single_precision_is_rounded(stock: Connection):
    body = {"signature_name": "float32", "instances": [1435774380]}
    (answer,) = stock.post("identities:predict", body).json()["predictions"]
    # Written with as many digits as single precision has.
    assert np.float32(answer) == 1435774336


@pytest.mark.parametrize("model", [*HALF_PLUS_TWO, "half_plus_two_tf2"])
@pytest.mark.parametrize(
    ("method", "signature", "results"),
    [
        ("classify", "classify_x_to_y", [[["", 3.0]], [["", 4.0]]]),
        ("regress", "regress_x_to_y", [3.0, 4.0]),
    ],
)
def test_classify_and_regress(
    stock: Connection, model: str, method: str, signature: str, results: Any
):
    body = {"signature_name": signature, "examples": [{"x": 2.0}, {"x": 4.0}]}
    assert stock.post(f"{model}:{method}", body).json() == {"results": results}


def test_context_is_shared_by_all_examples(stock: Connection):
    body = {
        "signature_name": "regress_x_to_y",
        "context": {"x": 2.0},
        "examples": [{"x2": 1.0}, {"x2": 2.0}],
    }
    assert stock.post("half_plus_two:regress", body).json() == {"results": [3.0, 3.0]}
