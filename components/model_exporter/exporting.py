"""Exports a SavedModel: converts it, asks each file, and keeps those that answer as it does."""

import hashlib
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.child_process import ChildError, HostFaultError
from components.model_exporter.conversion.converting import convert
from components.model_exporter.conversion.request import Conversion, ConversionRequest
from components.model_exporter.description import Description
from components.model_exporter.formats import ExportFormat
from components.model_exporter.gate import Expected, compare, find_faults
from components.model_exporter.proof.answers import Answers
from components.model_exporter.proof.asking import ask_export, read_tools
from components.model_exporter.reference import ask_saved_model, read_class_names
from components.versioned_directory.exports import MANIFEST_NAME, ExportManifest, ExportRecord
from components.versioned_directory.model_files import digest_files, size_in_bytes
from modules.features import PROBABILITIES_KEY

SIGNATURE = "serve_images"
"""What is exported: from pixels to probabilities and classes, preprocessing included."""

logger = logging.getLogger(__name__)

# A converter names every operator that it lacks, with where it stands in the graph.
_MAX_ERROR_LENGTH = 1000


@dataclass(frozen=True, kw_only=True)
class Images:
    """Real images, uint8 [n, height, width].

    Attributes:
      test: What exported files and the SavedModel are both asked about; none was trained on.
      calibration: What an int8 model's ranges come from, of those that were trained on.
    """

    test: npt.NDArray[np.uint8]
    calibration: npt.NDArray[np.uint8]


def export_model(
    saved_model: Path,
    folder: Path,
    formats: Sequence[ExportFormat],
    images: Images,
    description: Description,
    *,
    class_names: Sequence[str] = (),
) -> ExportManifest:
    """Writes each format into a folder of its name, and a manifest beside them.

    A format that fails its gate is not there; the manifest tells why. The folder appears once all
    formats were tried.

    Args:
      saved_model: Folder of the SavedModel.
      folder: Where the formats go; absent or empty.
      formats: Which ones.
      images: What they are calibrated with and compared on.
      description: What the files say of themselves.
      class_names: How classes are called, from 0 on; else as the model calls them, or by number.

    Raises:
      HostFaultError: This machine kept a process from its work; no verdict was reached.
      NodeMissingError: A graph model of TensorFlow.js was asked for, and there is no Node.
      OSError: `folder` cannot be written.
      SignatureError: The SavedModel has no such signature as is exported.
    """
    expected = ask_saved_model(saved_model, SIGNATURE, images.test)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".exports-", dir=folder.parent) as scratch:
        work, kept = Path(scratch), Path(scratch) / "kept"
        kept.mkdir()
        request = request_conversion(
            saved_model,
            work,
            formats,
            images.calibration,
            description,
            class_names
            or read_class_names(saved_model, images.test[0])
            or _number_classes(expected),
        )
        try:
            manifest = _export(request, images, expected)
        except HostFaultError as error:
            raise HostFaultError(
                f"Expected converters and runtimes to do their work, received {error}. No export "
                "has been judged: see to memory, disk space and load of this machine, and run "
                "again. If that does not help, the model is too large for this machine."
            ) from error
        for record in manifest.exports:
            (work / record.format).rename(kept / record.format)
        (kept / MANIFEST_NAME).write_text(manifest.render(), encoding="utf-8")
        kept.rename(folder)
    for reason in manifest.reasons:
        logger.error("Not exported: %s", reason)
    return manifest


def request_conversion(
    saved_model: Path,
    folder: Path,
    formats: Sequence[ExportFormat],
    calibration_images: npt.NDArray[np.uint8],
    description: Description,
    class_names: Sequence[str],
) -> ConversionRequest:
    """Returns what a converter is asked for, once it is all there.

    Args:
      saved_model: Folder of the SavedModel.
      folder: Of this conversion alone; gets the calibration images and, later, the formats.
      formats: Which ones.
      calibration_images: uint8 [n, height, width].
      description: What the files say of themselves.
      class_names: How classes are called, from 0 on.
    """
    path = folder / "calibration.npy"
    np.save(path, calibration_images)
    return ConversionRequest(
        saved_model=str(saved_model),
        signature=SIGNATURE,
        formats=tuple(formats),
        folder=str(folder),
        calibration_images=str(path),
        description=description,
        class_names=tuple(class_names),
    )


def _number_classes(expected: Expected) -> tuple[str, ...]:
    return tuple(map(str, range(expected.answers[PROBABILITIES_KEY].shape[1])))


def _export(request: ConversionRequest, images: Images, expected: Expected) -> ExportManifest:
    """Converts to all formats, and judges what came of each."""
    records: list[ExportRecord] = []
    faults: dict[str, tuple[str, ...]] = {}
    for export_format, conversion in convert(request).items():
        folder = Path(request.folder) / export_format
        if conversion.error:
            faults[export_format] = (_tell(export_format, "the conversion", conversion.error),)
            continue
        try:
            answers = ask_export(export_format, folder, SIGNATURE, images.test)
        except ChildError as error:
            faults[export_format] = (_tell(export_format, "its runtime", str(error)),)
            continue
        found = tuple(find_faults(export_format, answers, expected, conversion.calibration_images))
        if found:
            faults[export_format] = found
        else:
            records.append(_record(export_format, folder, conversion, answers, expected, images))
    return ExportManifest(exports=tuple(records), faults=faults)


def _tell(export_format: ExportFormat, what: str, error: str) -> str:
    """Returns how something ended, in one line that is cut to what a person reads; logs it all."""
    logger.error("%s: %s ended with %s", export_format, what, error)
    line = " ".join(error.split())
    if len(line) > _MAX_ERROR_LENGTH:
        line = f"{line[:_MAX_ERROR_LENGTH]} ... (more is in the log)"
    return f"{what} ended with {line}"


def _record(
    export_format: ExportFormat,
    folder: Path,
    conversion: Conversion,
    answers: Answers,
    expected: Expected,
    images: Images,
) -> ExportRecord:
    parity = compare(answers.batched, expected.answers)
    is_calibrated = export_format == ExportFormat.TFLITE_INT8
    return ExportRecord(
        format=export_format,
        files=digest_files(folder),
        num_bytes=size_in_bytes(folder),
        test_images=len(images.test),
        agreement=parity.agreement,
        max_difference=parity.max_difference,
        latency_ms=answers.latency_ms,
        peak_memory_bytes=answers.peak_memory_bytes,
        conversion_seconds=conversion.cpu_seconds,
        calibration_images=conversion.calibration_images if is_calibrated else 0,
        calibration_digest=(
            hashlib.sha256(images.calibration.tobytes()).hexdigest() if is_calibrated else ""
        ),
        tools=read_tools(export_format),
    )
