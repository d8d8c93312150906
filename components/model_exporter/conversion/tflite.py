"""Converts to LiteRT's format, formerly TensorFlow Lite: one file, with builtin operators only."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.model_exporter.formats import ExportFormat

FILE_NAME = "model.tflite"

_Images = npt.NDArray[np.uint8]


class CalibrationImages:
    """Hands images to the converter, and counts them: it says nothing of having got none.

    Attributes:
      num_used: How many it has taken.
    """

    def __init__(self, images: _Images, input_name: str) -> None:
        self.num_used = 0
        self._images = images
        self._input_name = input_name

    def __call__(self) -> Iterator[dict[str, _Images]]:
        """Yields each image as a batch of one."""
        self.num_used = 0
        for index in range(len(self._images)):
            self.num_used += 1
            yield {self._input_name: self._images[index : index + 1]}


def convert_to_tflite(
    saved_model: Path,
    signature: str,
    export_format: ExportFormat,
    calibration_images: CalibrationImages,
) -> bytes:
    """Returns the content of the file.

    Args:
      saved_model: Folder of a SavedModel.
      signature: Of one input.
      export_format: One of LiteRT's.
      calibration_images: uint8 [height, width] each, as the signature takes them, for int8. Other
        values would spoil the ranges of all activations, unseen.

    Raises:
      ConverterError: The signature needs other operators, or does not convert.
    """
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(saved_model), signature_keys=[signature]
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if prepare := _PREPARE.get(export_format):
        prepare(converter, calibration_images)
    return bytes(converter.convert())


def _halve(converter: tf.lite.TFLiteConverter, _images: CalibrationImages) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def _quantize(converter: tf.lite.TFLiteConverter, images: CalibrationImages) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = images
    # What has no int8 operator fails here, instead of being computed in float32.
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]


_PREPARE: Mapping[ExportFormat, Callable[[tf.lite.TFLiteConverter, CalibrationImages], None]] = (
    MappingProxyType({ExportFormat.TFLITE_FLOAT16: _halve, ExportFormat.TFLITE_INT8: _quantize})
)
