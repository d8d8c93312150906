"""Converts a SavedModel to the formats that TensorFlow itself writes: python -m ... REQUEST."""

import logging
import sys
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from components.child_process import child_program, is_host_fault, say_started
from components.model_exporter.conversion import graph_model, tflite
from components.model_exporter.conversion.request import Conversion, ConversionRequest
from components.model_exporter.conversion.tflite_metadata import add_metadata
from components.model_exporter.formats import ExportFormat

logger = logging.getLogger(__name__)


def convert(request: ConversionRequest) -> None:
    """Converts to each format; one that fails leaves its error, and the others go on.

    Raises:
      OSError: The files cannot be written.
    """
    images = np.load(request.calibration_images)
    function = tf.saved_model.load(request.saved_model).signatures[request.signature]
    [input_name] = function.structured_input_signature[1]
    for export_format in request.formats:
        calibration_images = tflite.CalibrationImages(images, input_name)
        started = time.process_time()
        error = ""
        partial = Path(request.folder) / f"{export_format}.partial"
        partial.mkdir()
        try:
            _write(request, export_format, calibration_images, partial)
        except Exception as problem:
            if is_host_fault(problem):
                raise
            logger.exception("The conversion to %s failed", export_format)
            error = f"{type(problem).__name__}: {problem}"
        else:
            partial.rename(partial.with_suffix(""))
        Conversion(
            cpu_seconds=time.process_time() - started,
            calibration_images=calibration_images.num_used,
            error=error,
        ).write(Path(request.folder), export_format)


def _write(
    request: ConversionRequest,
    export_format: ExportFormat,
    calibration_images: tflite.CalibrationImages,
    folder: Path,
) -> None:
    saved_model = Path(request.saved_model)
    if export_format == ExportFormat.TFJS:
        graph_model.write_graph_model(
            saved_model, request.signature, folder, request.description, request.class_names
        )
        return
    content = tflite.convert_to_tflite(
        saved_model, request.signature, export_format, calibration_images
    )
    content = add_metadata(content, request.description, request.class_names)
    (folder / tflite.FILE_NAME).write_bytes(content)


if __name__ == "__main__":
    with child_program():
        say_started()
        convert(ConversionRequest.read(Path(sys.argv[1])))
