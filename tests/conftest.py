"""Fixtures of all tests, most of them for small IDX folders; and what no test may depend on."""

import gzip
import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import settings

from support.data_sets import files
from support.project import MNIST_FOLDER
from support.warm_python.processes import WarmPython

# A busy machine may stall for longer than Hypothesis lets one example take. The examples are the
# same every time: what CI finds, anybody finds again.
settings.register_profile("project", deadline=None, derandomize=True, database=None)
settings.load_profile("project")

# What the machine needs to run and install anything, and where the two environments are. All else
# that somebody has in the environment, or gives to `make`, must change no test.
_KEPT = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TMPDIR|LD_LIBRARY_PATH|VENV|AIRFLOW_VENV"
    r"|(PIP|UV|NPM|PYENV|XDG|OPENBLAS|PYTEST_XDIST)_\w+"
    # Package indexes behind a proxy, with a certificate of its own.
    r"|(http|https|ftp|all|no)_proxy|(SSL|CURL|REQUESTS|NODE_EXTRA)_(CERT|CA)\w+",
    re.IGNORECASE,
)


Pixels = npt.NDArray[np.uint8]


def pytest_configure() -> None:
    """Takes from the tests what their caller happens to hand down to them."""
    for name in list(os.environ):
        if not _KEPT.fullmatch(name):
            del os.environ[name]
    # ONNX Runtime would report each test to its maker.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    # A shell has what it starts in the background ignore Ctrl-C, and so have all that this starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _write_folder(folder: Path, sets: dict[str, tuple[Pixels, Pixels]], *, compress: bool) -> Path:
    folder.mkdir(parents=True)
    ending = ".gz" if compress else ""
    for name, (images, labels) in sets.items():
        files.write_idx(folder / f"{name}-images-idx3-ubyte{ending}", images)
        files.write_idx(folder / f"{name}-labels-idx1-ubyte{ending}", labels)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _no_proxy_on_loopback() -> Iterator[None]:
    """Clients of servers that tests start must not ask a proxy for them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("no_proxy", "NO_PROXY"):
            patch.setenv(name, "127.0.0.1,localhost")
        yield


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Returns a port of 127.0.0.1 that refuses connections: it is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture(scope="session")
def warm_python() -> Iterator[WarmPython]:
    """Returns a Python that need not import TensorFlow and TFX."""
    with WarmPython() as warm:
        yield warm


@pytest.fixture(scope="session")
def write_idx() -> Callable[[Path, Pixels], Path]:
    """Returns a function that writes an array as an IDX file, gzip if the name ends in .gz."""
    return files.write_idx


@pytest.fixture(scope="session")
def random_idx_folder() -> Callable[..., Path]:
    """Returns a function that makes a folder of the four IDX files with random rows.

    The first rows are the same whatever the number of rows.
    """

    def make(
        folder: Path, *, num_train: int = 60, num_test: int = 20, compress: bool = False
    ) -> Path:
        sets = {}
        for seed, (name, num_rows) in enumerate([("train", num_train), ("t10k", num_test)]):
            images = np.random.default_rng(seed).integers(
                0, 256, size=(num_rows, 28, 28), dtype=np.uint8
            )
            sets[name] = images, np.arange(num_rows, dtype=np.uint8) % 10
        return _write_folder(folder, sets, compress=compress)

    return make


@pytest.fixture(scope="session")
def mnist_idx_folder() -> Callable[..., Path]:
    """Returns a function that makes a folder with the first rows of the real MNIST files."""

    def make(folder: Path, *, num_train: int, num_test: int, compress: bool = True) -> Path:
        sets = {
            name: (
                _read_rows(f"{name}-images-idx3-ubyte.gz", num_rows, row_shape=(28, 28)),
                _read_rows(f"{name}-labels-idx1-ubyte.gz", num_rows, row_shape=()),
            )
            for name, num_rows in [("train", num_train), ("t10k", num_test)]
        }
        return _write_folder(folder, sets, compress=compress)

    return make


def _read_rows(name: str, num_rows: int, *, row_shape: tuple[int, ...]) -> Pixels:
    header_bytes = 4 * (2 + len(row_shape))
    num_bytes = num_rows * int(np.prod(row_shape))
    with gzip.open(MNIST_FOLDER / name) as stream:
        data = stream.read(header_bytes + num_bytes)
    return np.frombuffer(data, np.uint8, offset=header_bytes).reshape(num_rows, *row_shape)


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the proxies of the person who runs the tests out of the environment."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
