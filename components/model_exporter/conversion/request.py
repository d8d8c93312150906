"""What a converter is asked for, and how each format went (standard library only)."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from components.model_exporter.description import Description
from components.model_exporter.formats import ExportFormat


@dataclass(frozen=True, kw_only=True)
class ConversionRequest:
    """What is to be converted, and where to.

    Attributes:
      saved_model: Folder of the SavedModel.
      signature: Which of its functions.
      formats: To which formats; each goes into a folder of its name.
      folder: Where those folders are made. Each is there once it is complete.
      calibration_images: .npy file of uint8 [n, height, width].
      description: What the files say of themselves.
      class_names: In the order of the classes.
    """

    saved_model: str
    signature: str
    formats: tuple[ExportFormat, ...]
    folder: str
    calibration_images: str
    description: Description
    class_names: tuple[str, ...]

    def write(self, path: Path) -> None:
        """Writes it as JSON."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "ConversionRequest":
        """Reads what `write` wrote."""
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            **{
                **content,
                "formats": tuple(ExportFormat(name) for name in content["formats"]),
                "description": Description(**content["description"]),
                "class_names": tuple(content["class_names"]),
            }
        )


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """How one format went.

    Attributes:
      cpu_seconds: What it took, without imports.
      calibration_images: How many images the converter took for calibration.
      error: Why there is no file, or "".
    """

    cpu_seconds: float = 0.0
    calibration_images: int = 0
    error: str = field(default="")

    def write(self, folder: Path, export_format: ExportFormat) -> None:
        """Writes it as JSON beside the format's folder."""
        _path(folder, export_format).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path, export_format: ExportFormat) -> "Conversion | None":
        """Reads what `write` wrote; None if the program did not get as far."""
        path = _path(folder, export_format)
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def _path(folder: Path, export_format: ExportFormat) -> Path:
    return folder / f"{export_format}.json"
