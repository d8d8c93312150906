"""A server that is told to stop while gRPC calls arrive."""

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from serving.grpc import listener
from serving.models.config import ModelConfig
from support.serving.fixtures import connect
from support.serving.threads import running_server
from support.waiting import DEADLINE_SECONDS, wait_until

NUM_CALLS = 500


def request(number: int) -> predict_pb2.PredictRequest:
    message = predict_pb2.PredictRequest()
    message.model_spec.name = "half_plus_two"
    message.inputs["x"].CopyFrom(tf.make_tensor_proto([float(number)]))
    return message


def test_calls_that_were_sent_before_are_answered(
    model_configs: list[ModelConfig], monkeypatch: pytest.MonkeyPatch
):
    # A busy machine may take longer to send them than a server waits that has its own.
    monkeypatch.setattr(listener, "_LOOK_SECONDS", 1.0)
    with running_server(models=model_configs, shutdown_grace_seconds=DEADLINE_SECONDS) as running:
        predict = connect(running).predictions.Predict
        predict(request(0))  # connects
        calls = [predict.future(request(number)) for number in range(NUM_CALLS)]
        running.server.stop()
        answers = [call.result(DEADLINE_SECONDS).outputs["y"].float_val[0] for call in calls]
    assert answers == [number / 2 + 2 for number in range(NUM_CALLS)]


def test_client_that_goes_on_is_told_to_ask_another_server(model_configs: list[ModelConfig]):
    with running_server(models=model_configs, shutdown_grace_seconds=1.0) as running:
        predict = connect(running).predictions.Predict
        predict(request(0))
        running.server.stop()
        errors: list[grpc.StatusCode] = []

        def is_refused() -> bool:
            try:
                predict(request(1))
            except grpc.RpcError as error:
                errors.append(error.code())
            return bool(errors)

        wait_until(is_refused, "a call to be refused")
    assert errors == [grpc.StatusCode.UNAVAILABLE]
