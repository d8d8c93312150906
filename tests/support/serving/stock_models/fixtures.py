"""A server of TensorFlow Serving's models, and requests to them; for a conftest to import."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import input_pb2, model_pb2, predict_pb2

from serving.models.config import ModelConfig
from serving.models.manager_options import ManagerOptions
from support.serving.fixtures import Connection, connect
from support.serving.stock_models.counter import save_counter, save_endless
from support.serving.stock_models.half_plus import (
    save_half_plus_three,
    save_half_plus_two,
    save_half_plus_two_of_tf2,
)
from support.serving.stock_models.tensors import (
    save_columns,
    save_convolution,
    save_identities,
    save_matrices,
    save_odd_outputs,
)
from support.serving.threads import running_server

# The version that they have in the test data.
VERSION = 123
_SAVERS: Mapping[str, Callable[[Path], Path]] = {
    "half_plus_two": save_half_plus_two,
    "half_plus_two_pbtxt": lambda folder: save_half_plus_two(folder, as_text=True),
    "half_plus_two_tf2": save_half_plus_two_of_tf2,
    "saved_model_half_plus_three": save_half_plus_three,
    "saved_model_counter": save_counter,
    "endless": save_endless,
    "identities": save_identities,
    "columns": save_columns,
    "matrices": save_matrices,
    "convolution": save_convolution,
    "convolution_in_function": lambda folder: save_convolution(folder, within="function"),
    "convolution_in_loop": lambda folder: save_convolution(folder, within="loop"),
    "odd_outputs": save_odd_outputs,
}


@pytest.fixture(scope="session")
def stock_models(tmp_path_factory: pytest.TempPathFactory) -> list[ModelConfig]:
    """Returns the configuration of all the models, each written once."""
    folder = tmp_path_factory.mktemp("stock_models")
    for name, save in _SAVERS.items():
        save(folder / name / f"{VERSION:08}")
    return [ModelConfig(name=name, base_path=str(folder / name)) for name in _SAVERS]


@pytest.fixture(scope="session")
def stock(stock_models: list[ModelConfig]) -> Iterator[Connection]:
    """Returns a connection to a server of all the models."""
    with stock_server(stock_models) as connection:
        yield connection


@contextmanager
def stock_server(models: list[ModelConfig], *names: str, **options: object) -> Iterator[Connection]:
    """Starts a server with these `ServerOptions`.

    Args:
      models: The fixture `stock_models`.
      names: Those of them to serve; all if none is named.
      options: The rest.
    """
    chosen = [model for model in models if model.name in names or not names]
    # A model that can't be loaded is one that answers nothing, and no wait for the next try.
    manager = ManagerOptions(max_num_load_retries=0)
    with running_server(models=chosen, manager=manager, **options) as running:
        yield connect(running)


def make_predict_request(
    model: str, signature: str = "", **inputs: object
) -> predict_pb2.PredictRequest:
    """Returns a request with these inputs, TensorProtos or what TensorFlow makes one of."""
    request = predict_pb2.PredictRequest(
        model_spec=model_pb2.ModelSpec(name=model, signature_name=signature)
    )
    for name, value in inputs.items():
        proto = value if isinstance(value, tensor_pb2.TensorProto) else tf.make_tensor_proto(value)
        request.inputs[name].CopyFrom(proto)
    return request


def make_examples(*values: float) -> input_pb2.Input:
    """Returns examples with the feature x."""
    request_input = input_pb2.Input()
    for value in values:
        example = request_input.example_list.examples.add()
        example.features.feature["x"].float_list.value.append(value)
    return request_input


def read_outputs(reply: Any) -> dict[str, Any]:
    """Returns the outputs of a predict reply as Python values."""
    return {name: tf.make_ndarray(value).tolist() for name, value in reply.outputs.items()}
