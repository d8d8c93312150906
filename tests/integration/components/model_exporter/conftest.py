"""A model to export, which has learned for some seconds, and its exports."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from components.model_exporter.formats import ExportFormat
from components.versioned_directory.exports import ExportManifest
from support.exports.models import ExportableModel, train_exportable_model

_TFLITE = (ExportFormat.TFLITE, ExportFormat.TFLITE_FLOAT16, ExportFormat.TFLITE_INT8)

_AT_REQUEST = """
import os, shutil, signal, sys

def at_request(event, arguments):
    if event == "open" and str(arguments[0]).endswith("{request}"):
        if "{program}" in " ".join(sys.orig_argv):
            {action}

sys.addaudithook(at_request)
"""


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> ExportableModel:
    return train_exportable_model(tmp_path_factory.mktemp("exportable"))


@pytest.fixture(scope="session")
def exports(
    model: ExportableModel, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, ExportManifest]:
    """Returns the folder of all that needs no Node, and its manifest."""
    folder = tmp_path_factory.mktemp("exports") / "exports"
    return folder, model.export(folder, *_TFLITE, ExportFormat.ONNX)


@pytest.fixture
def at_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    """Returns a function that has a converter or a runtime do something of the test's own.

    It does so as soon as it opens the file that it was told of.
    """

    def do(program: str, request: str, action: str) -> None:
        code = _AT_REQUEST.format(program=program, request=request, action=action)
        (tmp_path / "sitecustomize.py").write_text(code)  # Python imports it at its start
        monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)

    return do
