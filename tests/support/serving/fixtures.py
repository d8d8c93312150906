"""Fixtures of the tests that talk to a model server; a conftest imports them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import numpy.typing as npt
import pytest
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.models.config import ModelConfig
from support.mnist_model import read_mnist, save_mnist_model
from support.serving.colour_model import save_colour_model, save_nameless_model
from support.serving.threads import RunningServer, running_server
from support.toy_models import save_half_plus_two, save_mixer
from support.waiting import DEADLINE_SECONDS

MNIST_VERSION = 1700000000


@dataclass(frozen=True)
class Connection:
    """The APIs of one running server."""

    rest: httpx.Client
    predictions: prediction_service_pb2_grpc.PredictionServiceStub
    models: model_service_pb2_grpc.ModelServiceStub
    channel: grpc.Channel
    running: RunningServer

    def post(self, path: str, body: Any) -> httpx.Response:
        """Posts JSON to a path below /v1/models/."""
        return self.rest.post(f"/v1/models/{path}", json=body)


def connect(running: RunningServer) -> Connection:
    """Opens a connection to both APIs."""
    channel = grpc.insecure_channel(running.grpc_address)
    return Connection(
        httpx.Client(base_url=running.url, timeout=DEADLINE_SECONDS),
        prediction_service_pb2_grpc.PredictionServiceStub(channel),
        model_service_pb2_grpc.ModelServiceStub(channel),
        channel,
        running,
    )


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with half_plus_two/1, mixer/7 and mnist/<MNIST_VERSION>."""
    folder = tmp_path_factory.mktemp("models")
    save_half_plus_two(folder / "half_plus_two" / "1")
    save_mixer(folder / "mixer" / "7")
    save_mnist_model(folder / "mnist" / str(MNIST_VERSION), folder / ".transform")
    return folder


@pytest.fixture(scope="session")
def model_configs(models_folder: Path) -> list[ModelConfig]:
    """Returns the configuration of the three models."""
    return [
        ModelConfig(name=name, base_path=str(models_folder / name))
        for name in ("half_plus_two", "mixer", "mnist")
    ]


@pytest.fixture(scope="session")
def connection(model_configs: list[ModelConfig]) -> Iterator[Connection]:
    """Returns a connection to a server of the three models that no test changes."""
    with running_server(
        models=model_configs, metrics_path="/monitoring/prometheus/metrics"
    ) as running:
        yield connect(running)


@pytest.fixture(scope="session")
def colours_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with two models of pictures in colour: named/1, and nameless/1."""
    folder = tmp_path_factory.mktemp("colours")
    save_colour_model(folder / "named" / "1", folder / ".transform")
    save_nameless_model(folder / "nameless" / "1")
    return folder


@pytest.fixture(scope="session")
def digits() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Returns 64 images of the test set, uint8 [64, 28, 28], and their labels."""
    return read_mnist("t10k", 64)
