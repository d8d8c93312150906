"""The code in docs/exports.md runs as it stands there, on a model that was really exported."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from components.model_exporter.exporting import SIGNATURE, export_model
from components.model_exporter.formats import ExportFormat
from components.model_exporter.proof.node import Node
from components.model_exporter.reference import ask_saved_model
from modules.features import CLASSES_KEY
from support.exports.models import DESCRIPTION, ExportableModel, train_exportable_model
from support.exports.node import require_node
from support.markdown_reader import read_code
from support.project import PROJECT
from support.web.browser import headless_chromium
from support.web.static_host import static_host

CODE = read_code((PROJECT / "docs" / "exports.md").read_text())
NUM_IMAGES = 100
LITERT_FORMATS = [each for each in ExportFormat if each.is_tflite]

Pixels = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ExportableModel:
    return train_exportable_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def images(model: ExportableModel) -> Pixels:
    return model.images.test[:NUM_IMAGES]


@pytest.fixture(scope="module")
def labels(model: ExportableModel, images: Pixels) -> list[str]:
    """Returns what the SavedModel itself takes the images for."""
    classes = ask_saved_model(model.saved_model, SIGNATURE, images).answers[CLASSES_KEY]
    return [str(number) for number in classes]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory, model: ExportableModel) -> Path:
    """Exports a model to all formats but TensorFlow.js; returns their folder."""
    return _export(model, tmp_path_factory.mktemp("exports"), *LITERT_FORMATS, ExportFormat.ONNX)


@pytest.fixture(scope="module")
def node() -> Node:
    return require_node()


@pytest.fixture(scope="module")
def graph_model(
    tmp_path_factory: pytest.TempPathFactory, node: Node, model: ExportableModel
) -> Path:
    """Returns the folder of an export for TensorFlow.js, which needs Node."""
    assert node
    return _export(model, tmp_path_factory.mktemp("tfjs"), ExportFormat.TFJS) / ExportFormat.TFJS


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    with headless_chromium() as browser:
        yield browser


def _export(model: ExportableModel, folder: Path, *formats: ExportFormat) -> Path:
    # Triton's folder has the name of the pipeline, and this is the one in the document.
    description = replace(DESCRIPTION, name="tfx-mnist")
    manifest = export_model(
        model.saved_model, folder / "exports", formats, model.images, description
    )
    assert manifest.reasons == ()
    return folder / "exports"


def _run_python(code: str, folder: Path, images: Pixels, tmp_path: Path) -> dict[str, Any]:
    """Runs code in a folder without TensorFlow; returns what it named and its probabilities."""
    np.save(tmp_path / "images.npy", images)
    program = "\n".join(
        [
            "import json, sys",
            "import numpy as np",
            "sys.modules['tensorflow'] = None",
            f"images = np.load({str(tmp_path / 'images.npy')!r})",
            code,
            "print(json.dumps({'names': names, 'probabilities': probabilities.tolist()}))",
        ]
    )
    output = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    return dict(json.loads(output))


@pytest.mark.parametrize("export_format", LITERT_FORMATS)
def test_the_code_for_litert_names_digits(
    exports: Path, images: Pixels, labels: list[str], tmp_path: Path, export_format: ExportFormat
):
    code = CODE["LiteRT in Python", "python"]

    answer = _run_python(code, exports / export_format, images, tmp_path)

    assert answer["names"] == labels


def test_probabilities_of_int8_are_as_rough_as_the_document_says(
    exports: Path, images: Pixels, tmp_path: Path
):
    code = CODE["LiteRT in Python", "python"]

    answer = _run_python(code, exports / ExportFormat.TFLITE_INT8, images, tmp_path)

    probabilities = np.array(answer["probabilities"])
    assert np.all(probabilities * 256 == np.round(probabilities * 256))
    assert np.abs(probabilities.sum(axis=1) - 1).max() <= 0.02


def test_the_code_for_onnx_runtime_names_digits(
    exports: Path, images: Pixels, labels: list[str], tmp_path: Path
):
    code = CODE["ONNX Runtime in Python", "python"]

    answer = _run_python(code, exports / ExportFormat.ONNX, images, tmp_path)

    assert answer["names"] == labels


def test_the_code_for_node_names_digits(
    node: Node, graph_model: Path, images: Pixels, labels: list[str], tmp_path: Path
):
    images.tofile(tmp_path / "pixels")
    program = f"""
{CODE["TensorFlow.js in Node", "javascript"]}
classify(fs.readFileSync({json.dumps(str(tmp_path / "pixels"))}))
  .then((answer) => console.log(JSON.stringify(answer)));
"""
    # Where node_modules stands beside the program, as npm leaves it.
    folder = tmp_path / "program"
    shutil.copytree(graph_model, folder)
    (folder / "node_modules").symlink_to(node.modules)
    (folder / "classify.cjs").write_text(program)

    output = subprocess.run(
        [node.program, "classify.cjs"], cwd=folder, check=True, stdout=subprocess.PIPE
    ).stdout

    assert json.loads(output)["names"] == labels


def test_the_code_for_a_browser_names_digits(
    node: Node,
    browser: WebDriver,
    graph_model: Path,
    images: Pixels,
    labels: list[str],
    tmp_path: Path,
):
    folder = tmp_path / "site"
    shutil.copytree(graph_model, folder)
    page = CODE["TensorFlow.js in a browser", "html"]
    (folder / "index.html").write_text(f"<!doctype html>\n{page}")
    for package in ("tfjs-core", "tfjs-converter", "tfjs-backend-wasm"):
        for pattern in ("tf-*.min.js", "*.wasm"):
            for path in (node.modules / "@tensorflow" / package / "dist").glob(pattern):
                shutil.copy(path, folder)
    with static_host(folder) as host:
        browser.get(f"{host.url}/")
        answer = browser.execute_async_script(
            "const [pixels, done] = arguments;"
            "classify(pixels).then(done, (error) => done({ error: error.message }));",
            images.reshape(-1).tolist(),
        )

    assert "error" not in answer
    assert [str(number) for number in answer["classes"]] == labels
    assert np.array(answer["probabilities"]).shape == (NUM_IMAGES, 10)


def test_the_commands_for_triton_make_a_model_repository(exports: Path, tmp_path: Path):
    folder = tmp_path / "onnx"
    shutil.copytree(exports / ExportFormat.ONNX, folder)

    subprocess.run(["sh", "-eu", "-c", CODE["Triton", "sh"]], cwd=folder, check=True)  # noqa: S607

    [model] = (folder / "models").iterdir()
    files = sorted(path.relative_to(model).as_posix() for path in model.rglob("*.*"))
    assert files == ["1/model.onnx", "config.pbtxt"]
    # Triton refuses a folder of another name.
    assert f'name: "{model.name}"' in (model / "config.pbtxt").read_text().splitlines()
