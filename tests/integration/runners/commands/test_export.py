"""`tfx-mnist export` calls the classes of a pushed version as its record does."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import onnx
import pytest

from components.data_sets.storage import digest_file
from components.versioned_directory.publishing import push_model
from components.versioned_directory.push_record import PushOrigin
from support.mnist_model import save_mnist_model
from support.programs import TFX_MNIST
from support.project import MNIST_FOLDER, PROJECT

FASHION = ("T-shirt/top", *(f"number {number}" for number in range(1, 9)), "Ankle boot")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    return save_mnist_model(folder / "model", folder / "scratch")


@pytest.mark.parametrize(
    ("pushed_with", "expected"),
    [(FASHION, FASHION), ((), tuple("0123456789"))],
    ids=["names", "no names"],
)
def test_exports_have_the_names_that_a_version_was_pushed_with_and_not_those_of_today(
    model: Path, tmp_path: Path, pushed_with: Sequence[str], expected: Sequence[str]
):
    files = {path.name: digest_file(str(path)) for path in MNIST_FOLDER.glob("*.gz")}
    origin = PushOrigin(data_files=files, class_names=tuple(pushed_with))
    push_model(model, tmp_path / "serving", origin=origin, check=lambda _: None, keep=1, now=100.0)
    settings = {
        "serving_model_dir": tmp_path / "serving",
        "data_root": MNIST_FOLDER,
        "metadata_path": tmp_path / "none.db",
        "data.class_names": "[a, b, c, d, e, f, g, h, i, j]",
    }
    command = [sys.executable, "-c", TFX_MNIST, "export", f"--output={tmp_path / 'exports'}"]
    command += ["--format=onnx", "--format=tflite"]
    command += [f"--set={key}={value}" for key, value in settings.items()]

    answer = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stderr
    properties = onnx.load(tmp_path / "exports" / "onnx" / "model.onnx").metadata_props
    [names] = [json.loads(each.value) for each in properties if each.key == "class_names"]
    assert tuple(names) == expected
    with zipfile.ZipFile(tmp_path / "exports" / "tflite" / "model.tflite") as archive:
        assert tuple(archive.read("labels.txt").decode().splitlines()) == expected
