"""Fixtures that run the real `tfx-mnist run` on a small part of MNIST."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.project import PACKAGES, PROJECT
from support.serving.process import serve_process
from support.warm_python.processes import WarmPython
from support.workspaces import Workspace

__all__ = ["make_workspace", "serve_process"]


@pytest.fixture(scope="module")
def make_workspace(
    tmp_path_factory: pytest.TempPathFactory,
    mnist_idx_folder: Callable[..., Path],
    warm_python: WarmPython,
) -> Callable[..., Workspace]:
    """Returns a function that makes a workspace with the first rows of MNIST."""

    def make(*, num_train: int = 2000, num_test: int = 400) -> Workspace:
        folder = tmp_path_factory.mktemp("workspace")
        for package in PACKAGES:
            shutil.copytree(PROJECT / package, folder / package)
        shutil.copytree(PROJECT / "data" / "schema", folder / "data" / "schema")
        mnist_idx_folder(folder / "data" / "mnist", num_train=num_train, num_test=num_test)
        small = [
            "training.epochs=2",
            "training.augment=false",
            "training.batch_size_per_replica=64",
            "thresholds.accuracy=0.1",
            "thresholds.class_accuracy=0",
            "thresholds.min_rows=1",
            "examples.min_train_rows=1",
            # A busy test machine is no slow model.
            "thresholds.max_p99_latency_ms=5000",
        ]
        return Workspace(folder, small, warm_python)

    return make
