"""A pushed model in every other format: accuracy, nearness, size, speed, and what exporting costs.

    .venv/bin/python -m benchmarks.exports [VERSION_FOLDER]

Converts the model anew and asks each file about all 10,000 test images, each in a process of its
own, as a run does it with 1,000 of them. VERSION_FOLDER is a pushed version with its record, by
which the data are found to be the model's own; without it, the version is taken that is served from
the default serving directory. It needs Node: make node.
"""

import os
import platform
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from components.data_sets.rows import RowBlock
from components.idx_files.idx import IdxError
from components.idx_files.storage import find_files, open_pair
from components.model_exporter.conversion.converting import convert
from components.model_exporter.description import Description, describe_model
from components.model_exporter.exporting import (
    SIGNATURE,
    Images,
    export_model,
    request_conversion,
)
from components.model_exporter.formats import ExportFormat
from components.model_exporter.gate import Expected, compare
from components.model_exporter.proof.asking import ask_export
from components.model_exporter.reference import ask_saved_model
from components.versioned_directory.model_files import size_in_bytes
from components.versioned_directory.push_record import PushOrigin
from components.versioned_directory.versions import Version, list_versions
from modules.data_spec import MNIST
from modules.features import CLASSES_KEY
from pipeline.config import PipelineConfig
from runners.exports.images import ImagesMissingError, read_source_images

_FORMATS = tuple(ExportFormat)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One line of the table; `conversion_cpu_seconds` are without imports."""

    num_bytes: int
    accuracy: float
    agreement: float
    max_difference: float
    latency_ms: float
    conversion_cpu_seconds: float


def measure_formats(
    saved_model: Path, description: Description, test: RowBlock, images: Images
) -> Iterator[tuple[str, Measurement]]:
    """Yields each format with what it answers to all test images.

    Raises:
      ChildError: A file is none that its runtime can answer with.
      HostFaultError: This machine kept a converter or a runtime from its work.
    """
    expected = ask_saved_model(saved_model, SIGNATURE, test.images)
    yield "SavedModel", _judge_saved_model(saved_model, expected, test)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        request = request_conversion(
            saved_model, folder, _FORMATS, images.calibration, description, MNIST.labels
        )
        for export_format, conversion in convert(request).items():
            if conversion.error:
                raise click.ClickException(f"{export_format}: {conversion.error}")
            answers = ask_export(export_format, folder / export_format, SIGNATURE, test.images)
            parity = compare(answers.batched, expected.answers)
            yield (
                export_format,
                Measurement(
                    num_bytes=size_in_bytes(folder / export_format),
                    accuracy=_accuracy(answers.batched, test.labels),
                    agreement=parity.agreement,
                    max_difference=parity.max_difference,
                    latency_ms=answers.latency_ms,
                    conversion_cpu_seconds=conversion.cpu_seconds,
                ),
            )


def measure_export(
    saved_model: Path, description: Description, images: Images
) -> tuple[float, float]:
    """Returns the wall and CPU seconds of what ModelExporter does in a run, processes included."""
    with tempfile.TemporaryDirectory() as scratch:
        started, used = time.perf_counter(), _cpu_seconds()
        manifest = export_model(
            saved_model, Path(scratch) / "exports", _FORMATS, images, description
        )
        seconds = time.perf_counter() - started, _cpu_seconds() - used
    if manifest.reasons:
        raise click.ClickException("; ".join(manifest.reasons))
    return seconds


def _cpu_seconds() -> float:
    """Returns the CPU time of this process and of those that it has started and that have ended."""
    return sum(os.times()[:4])


def _judge_saved_model(saved_model: Path, expected: Expected, test: RowBlock) -> Measurement:
    """Its own latency is in the benchmark of serving: it depends on how it is called."""
    return Measurement(
        num_bytes=sum(
            path.stat().st_size
            for path in (saved_model / "saved_model.pb", *(saved_model / "variables").iterdir())
        ),
        accuracy=_accuracy(expected.answers, test.labels),
        agreement=1.0,
        max_difference=0.0,
        latency_ms=float("nan"),
        conversion_cpu_seconds=float("nan"),
    )


def _accuracy(
    answers: Mapping[str, npt.NDArray[np.generic]], labels: npt.NDArray[np.uint8]
) -> float:
    return float(np.mean(answers[CLASSES_KEY] == labels))


def _read_test_images(folder: str) -> RowBlock:
    with open_pair(find_files(folder).test, MNIST) as reader:
        rows = reader.num_rows
        [block] = reader.read_blocks(first_row=0, num_rows=rows, rows_per_block=rows)
    return block


def _served_version(config: PipelineConfig) -> Version:
    versions = list_versions(Path(config.serving_model_dir))
    if not versions:
        raise click.UsageError(
            f"{config.serving_model_dir}: has no version; run the pipeline first, or name a folder"
        )
    return versions[-1]


def _print_table(measurements: Iterator[tuple[str, Measurement]]) -> None:
    click.echo(
        "| format | bytes | accuracy | agreement | largest difference | one image, ms "
        "| conversion, CPU s |"
    )
    click.echo("|---|---|---|---|---|---|---|")
    for name, line in measurements:
        click.echo(
            f"| {name} | {line.num_bytes:,} | {line.accuracy:.4f} | {line.agreement:.4f} "
            f"| {line.max_difference:.1e} | {line.latency_ms:.3f} "
            f"| {line.conversion_cpu_seconds:.2f} |".replace("nan", "")
        )


@click.command()
@click.argument(
    "version_folder",
    required=False,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
def main(version_folder: Path | None) -> None:
    """Measure the exports of the model in VERSION_FOLDER."""
    config = PipelineConfig()
    version = Version(0, version_folder) if version_folder else _served_version(config)
    try:
        test = _read_test_images(config.data_root)
        images = read_source_images(version, config, MNIST.image_shape, with_calibration=True)
    except (IdxError, ImagesMissingError) as error:
        raise click.ClickException(str(error)) from error
    origin = version.record.origin if version.record else PushOrigin()
    description = describe_model(origin, version.model_digest)
    click.echo(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    _print_table(measure_formats(version.path, description, test, images))
    wall, cpu = measure_export(version.path, description, images)
    click.echo(f"\nAll of them, as in a run: {wall:.1f} s, of CPU {cpu:.1f} s")


if __name__ == "__main__":
    main()
