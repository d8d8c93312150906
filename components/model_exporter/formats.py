"""The formats that a model can be exported to, and what a file of each must hold.

Standard library only: the configuration names them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class ExportFormat(StrEnum):
    """A format, and the name of its folder."""

    TFLITE = "tflite"
    TFLITE_FLOAT16 = "tflite_float16"
    TFLITE_INT8 = "tflite_int8"
    ONNX = "onnx"
    TFJS = "tfjs"

    @property
    def is_tflite(self) -> bool:
        """Whether LiteRT reads it."""
        return self in {self.TFLITE, self.TFLITE_FLOAT16, self.TFLITE_INT8}


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What an exported file must hold on real test images, beside the SavedModel.

    Attributes:
      min_agreement: Least share of the images for which both name the same class.
      max_difference: Most that any probability may differ.
      weight_type: What some of the file's constants must be: a model whose calibration failed
        would be one of float32, and right.
      max_weight_share: Most that all constants may take, as a share of the SavedModel's weights.
        Not of the whole files, of which a small model's are mostly something else.
    """

    min_agreement: float
    max_difference: float
    weight_type: str = "float32"
    max_weight_share: float = 1.1


_SINGLE_PRECISION = Bounds(min_agreement=0.999, max_difference=1e-5)

BOUNDS: Mapping[ExportFormat, Bounds] = MappingProxyType(
    {
        ExportFormat.TFLITE: _SINGLE_PRECISION,
        ExportFormat.TFLITE_FLOAT16: Bounds(
            min_agreement=0.999, max_difference=5e-3, weight_type="float16", max_weight_share=0.6
        ),
        ExportFormat.TFLITE_INT8: Bounds(
            min_agreement=0.995, max_difference=0.1, weight_type="int8", max_weight_share=0.4
        ),
        ExportFormat.ONNX: _SINGLE_PRECISION,
        ExportFormat.TFJS: _SINGLE_PRECISION,
    }
)
