"""A demo of this project's own model, in a real browser."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from selenium.webdriver.remote.webdriver import WebDriver

from components.model_exporter.conversion.graph_model import write_graph_model
from components.model_exporter.description import Description
from modules.features import PROBABILITIES_KEY
from runners.demo_page.writing import write_demo
from support.exports.node import require_node
from support.mnist_model import save_mnist_model
from support.web.browser import headless_chromium
from support.web.static_host import StaticHost, static_host

# No demo stands at the top of its host.
_PATH = "some/where/demo"
_SIGNATURE = "serve_images"


@dataclass(frozen=True)
class Model:
    """A trained model.

    Attributes:
      saved_model: As the Trainer exports it.
      graph_model: The same for TensorFlow.js.
    """

    saved_model: Path
    graph_model: Path

    def predict(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Returns TensorFlow's own probabilities."""
        loaded = tf.saved_model.load(str(self.saved_model))
        answer = loaded.signatures[_SIGNATURE](images=tf.constant(images))
        return answer[PROBABILITIES_KEY].numpy()


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Returns a model that has learned for some seconds."""
    folder = tmp_path_factory.mktemp("model")
    trained = Model(folder / "saved", folder / "graph")
    save_mnist_model(trained.saved_model, folder / "scratch")
    trained.graph_model.mkdir()
    description = Description(name="tfx-mnist", model_digest="", lineage={})
    write_graph_model(trained.saved_model, _SIGNATURE, trained.graph_model, description, [])
    return trained


@pytest.fixture(scope="session")
def write(model: Model) -> Callable[..., Path]:
    """Returns a function that writes a demo below a folder, and returns the demo's."""
    node_modules = require_node().modules

    def write(root: Path, *, title: str = "Draw a digit") -> Path:
        folder = root / _PATH
        write_demo(folder, model=model.graph_model, node_modules=node_modules, title=title)
        return folder

    return write


@pytest.fixture
def demo(write: Callable[..., Path], tmp_path: Path) -> Path:
    """Returns the folder of a demo."""
    return write(tmp_path / "host")


@pytest.fixture
def host(tmp_path: Path, demo: Path) -> Iterator[StaticHost]:  # noqa: ARG001 - it is served
    """Serves the demo; each test has a host of its own, of which the browser keeps nothing yet."""
    with static_host(tmp_path / "host") as running:
        yield running


@pytest.fixture
def url(host: StaticHost, demo: Path) -> str:
    """Returns where the demo is."""
    return host.address(demo)


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    """Starts headless Chromium."""
    with headless_chromium() as browser:
        yield browser
