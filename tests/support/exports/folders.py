"""A folder as ModelExporter leaves it, without a model: nobody reads the file in it."""

from pathlib import Path

from components.versioned_directory.exports import MANIFEST_NAME, ExportManifest, ExportRecord
from components.versioned_directory.model_files import digest_files


def write_exports(folder: Path, content: bytes) -> Path:
    """Writes an export to ONNX with that content, and the manifest; returns the folder."""
    (folder / "onnx").mkdir(parents=True)
    (folder / "onnx" / "model.onnx").write_bytes(content)
    record = ExportRecord(
        format="onnx",
        files=digest_files(folder / "onnx"),
        num_bytes=len(content),
        test_images=1000,
        agreement=1.0,
        max_difference=1e-6,
        latency_ms=0.1,
        peak_memory_bytes=1,
        conversion_seconds=1.0,
        tools={"onnx": "1"},
    )
    (folder / MANIFEST_NAME).write_text(ExportManifest(exports=(record,), faults={}).render())
    return folder
