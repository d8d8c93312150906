"""Converts a SavedModel to ONNX by tf2onnx: python -m ... REQUEST.

In a process of its own: tf2onnx switches TensorFlow 2 off in the process that it works in.
"""

import json
import logging
import sys
import time
from pathlib import Path

import onnx
from tf2onnx import convert as tf2onnx_command

from components.child_process import child_program, is_host_fault, say_started
from components.model_exporter.conversion.request import Conversion, ConversionRequest
from components.model_exporter.conversion.triton import CONFIG_FILE_NAME, render_config
from components.model_exporter.formats import ExportFormat

FILE_NAME = "model.onnx"
OPSET = 18
"""The version of ONNX's operators: what runtimes since 2023 read, and tf2onnx' own newest."""

logger = logging.getLogger(__name__)

_BATCH = "batch"


def convert(request: ConversionRequest) -> None:
    """Writes the model, checked by ONNX' own checker, and Triton's configuration beside it.

    Raises:
      OSError: The files cannot be written.
    """
    started = time.process_time()
    folder = Path(request.folder)
    partial = folder / f"{ExportFormat.ONNX}.partial"
    partial.mkdir()
    path = partial / FILE_NAME
    error = ""
    try:
        _run_tf2onnx(request, path)
        model = onnx.load(path)
        _describe(model, request)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)
        (partial / CONFIG_FILE_NAME).write_text(
            render_config(model.graph, request.description.name), encoding="utf-8"
        )
    except Exception as problem:
        if is_host_fault(problem):
            raise
        logger.exception("The conversion failed")
        error = f"{type(problem).__name__}: {problem}"
    else:
        partial.rename(folder / ExportFormat.ONNX)
    Conversion(cpu_seconds=time.process_time() - started, error=error).write(
        folder, ExportFormat.ONNX
    )


def _run_tf2onnx(request: ConversionRequest, path: Path) -> None:
    # Its command is what it documents for a SavedModel; there is no function for one.
    sys.argv = [
        "tf2onnx.convert",
        *("--saved-model", request.saved_model),
        *("--signature_def", request.signature),
        *("--tag", "serve"),
        *("--opset", str(OPSET)),
        *("--output", str(path)),
    ]
    tf2onnx_command.main()


def _describe(model: onnx.ModelProto, request: ConversionRequest) -> None:
    """Gives the batch its name, and the model its metadata."""
    for tensor in (*model.graph.input, *model.graph.output):
        first = tensor.type.tensor_type.shape.dim[0]
        if not first.HasField("dim_value"):
            first.dim_param = _BATCH
    description = request.description
    model.model_version = int(description.version or 0)
    class_names = json.dumps(request.class_names)
    onnx.helper.set_model_props(model, {**description.properties, "class_names": class_names})


if __name__ == "__main__":
    with child_program():
        say_started()
        convert(ConversionRequest.read(Path(sys.argv[1])))
