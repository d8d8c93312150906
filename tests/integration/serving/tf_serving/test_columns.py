"""Inputs and outputs need not count rows in their first dimension."""

import numpy as np
import pytest

from support.serving.fixtures import Connection
from support.serving.stock_models.fixtures import make_predict_request, read_outputs

QUERY = [1.0, 2.0, 3.0]
CANDIDATES = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
ANSWER = {"scores": [14.0, 32.0], "best": 1}
SAMPLES = 16_000


def test_columns_of_unequal_length_by_rest(stock: Connection):
    body = {"inputs": {"query": QUERY, "candidates": CANDIDATES}}
    response = stock.post("columns:predict", body)
    assert (response.status_code, response.json()) == (200, {"outputs": ANSWER})


def test_columns_of_unequal_length_by_grpc(stock: Connection):
    request = make_predict_request("columns", query=QUERY, candidates=CANDIDATES)
    assert read_outputs(stock.predictions.Predict(request)) == ANSWER


def test_rows_can_not_hold_outputs_of_unequal_length(stock: Connection):
    body = {"instances": [{"query": 1.0, "candidates": [2.0]}]}
    response = stock.post("columns:predict", body)
    assert response.status_code == 400
    assert response.json()["error"].startswith("Tensor name: best has no shape information")


def test_waveform_is_one_input_of_many_numbers(stock: Connection):
    waveform = np.linspace(-1, 0.5, SAMPLES, dtype=np.float32)
    body = {"signature_name": "loudness", "inputs": {"waveform": waveform.tolist()}}
    response = stock.post("columns:predict", body)
    assert (response.status_code, response.json()) == (200, {"outputs": 1.0})
    reply = stock.predictions.Predict(
        make_predict_request("columns", "loudness", waveform=waveform)
    )
    assert read_outputs(reply) == {"loudness": 1.0}


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("ann", "hello ann"),
        (["ann"], ["hello ann"]),
        ([["ann"], ["bob"]], [["hello ann"], ["hello bob"]]),
    ],
)
def test_strings_of_any_rank(stock: Connection, name: object, greeting: object):
    body = {"signature_name": "greet", "inputs": {"name": name}}
    assert stock.post("columns:predict", body).json() == {"outputs": greeting}
