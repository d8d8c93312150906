"""Whatever TensorFlow Serving loads is loaded, however old, and answers."""

from tensorflow_serving.apis import regression_pb2

from serving.models.config import ModelConfig
from support.serving.fixtures import Connection
from support.serving.stock_models.fixtures import (
    VERSION,
    make_examples,
    make_predict_request,
    read_outputs,
    stock_server,
)


def test_every_model_is_available(stock: Connection, stock_models: list[ModelConfig]):
    states = {
        model.name: stock.rest.get(f"/v1/models/{model.name}").json()["model_version_status"]
        for model in stock_models
    }
    found = {
        name: [(entry["version"], entry["state"]) for entry in entries]
        for name, entries in states.items()
    }
    assert found == {model.name: [(str(VERSION), "AVAILABLE")] for model in stock_models}


def test_placeholder_of_the_old_shape_takes_any(stock: Connection):
    for value, answer in ((2.0, 4.0), ([2.0, 4.0], [4.0, 5.0]), ([[2.0]], [[4.0]])):
        reply = stock.predictions.Predict(
            make_predict_request("saved_model_half_plus_three", x=value)
        )
        assert read_outputs(reply) == {"y": answer}


def test_signature_that_calls_examples_floats_is_given_examples(stock: Connection):
    request = regression_pb2.RegressionRequest(input=make_examples(1.0, 2.0))
    request.model_spec.name = "saved_model_half_plus_three"
    request.model_spec.signature_name = "tensorflow/serving/regress"
    reply = stock.predictions.Regress(request)
    assert [regression.value for regression in reply.result.regressions] == [3.5, 4.0]


def test_reference_variables_are_outputs_and_keep_their_value(stock_models: list[ModelConfig]):
    with stock_server(stock_models, "saved_model_counter") as connection:

        def count(signature: str, **inputs: float) -> float:
            request = make_predict_request("saved_model_counter", signature, **inputs)
            return read_outputs(connection.predictions.Predict(request))["output"]

        assert count("get_counter") == 0.0
        assert count("incr_counter") == 1.0
        assert count("incr_counter") == 2.0
        assert count("incr_counter_by", delta=40.0) == 42.0
        assert count("get_counter") == 42.0
        assert count("reset_counter") == 0.0
        assert count("get_counter") == 0.0


def test_signature_without_inputs_can_not_be_asked_by_json(stock: Connection):
    body = {"signature_name": "get_counter", "inputs": {}}
    response = stock.post("saved_model_counter:predict", body)
    assert response.status_code == 400
    assert response.json() == {"error": "Failed to get input map for signature: get_counter"}


def test_input_with_a_default_may_be_left_out(stock: Connection):
    reply = stock.predictions.Predict(make_predict_request("half_plus_two_tf2"))
    assert read_outputs(reply) == {"y": [2.0]}


def test_tensor_in_the_middle_of_a_graph_is_an_input(stock: Connection):
    request = regression_pb2.RegressionRequest(input=make_examples(2.0))
    request.model_spec.name = "half_plus_two"
    request.model_spec.signature_name = "regress_x_to_y2"
    reply = stock.predictions.Regress(request)
    assert [regression.value for regression in reply.result.regressions] == [4.0]
    body = {"signature_name": "regress_x2_to_y3", "inputs": [[2.0]]}
    assert stock.post("half_plus_two:predict", body).json() == {"outputs": [[4.0]]}
