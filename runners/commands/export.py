"""`tfx-mnist export`: a pushed model in other formats."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from components.model_exporter.description import describe_model
from components.model_exporter.formats import ExportFormat
from components.model_exporter.proof.asking import check_runtimes
from components.model_exporter.proof.node import NodeMissingError, find_node
from components.versioned_directory.exports import ExportManifest
from components.versioned_directory.push_record import PushOrigin
from components.versioned_directory.versions import Version
from pipeline.config import PipelineConfig
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.export_log import ExportLog, export_log
from runners.commands.local_folders import LocalFolder, refuse_taken
from runners.commands.metadata_option import mlmd_option, open_metadata
from runners.commands.quiet import log_to_file
from runners.commands.serving_directory import find_version
from runners.demo_page.writing import DemoError, write_demo
from runners.exports.pushed_model import PushedModelError, copy_model
from runners.interrupts import interruptible
from runners.local.outcome import NOT_BLESSED
from runners.terminal.console import make_console
from runners.terminal.tables import make_exports_table

if TYPE_CHECKING:
    from components.model_exporter.exporting import Images


@dataclass(frozen=True)
class _Order:
    """What is to be made, and where."""

    formats: tuple[ExportFormat, ...]
    output: Path | None
    demo: Path | None


@click.command()
@click.argument("version", required=False)
@click.option(
    "--format",
    "names",
    multiple=True,
    type=click.Choice([each.value for each in ExportFormat]),
    help="The format to convert to; may be given again.",
)
@click.option(
    "--output", type=LocalFolder(), help="Folder for the formats, absent or empty; one in it each."
)
@click.option(
    "--demo",
    type=LocalFolder(),
    help="Folder for a web page that asks the model in the browser, absent or empty. Takes "
    "the format tfjs.",
)
@configuration_options
@mlmd_option
def export(
    version: str | None,
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    **options: Any,
) -> None:
    """Convert a pushed model to other formats, and have each file answer as the model does.

    VERSION is a version's number in the serving directory, or the path of its folder; without it,
    the newest one is exported. Files are compared on test images of the model's own data: the
    examples of its run or, where those are gone, the data in data_root, if their SHA-256 is
    that in the version's record.

    Exit code: 0 all formats are there, 3 some were refused and the others are there, 1 failed, 2
    bad usage.
    """
    names, output, demo, mlmd_url = (
        options[key] for key in ("names", "output", "demo", "mlmd_url")
    )
    order = _Order(_choose_formats(names, output, demo), output, demo)
    config = read_configuration(config_file, preset, overrides)
    chosen = find_version(version, config)
    for folder in (output, demo):
        refuse_taken(folder)
    try:
        check_runtimes(order.formats)
        with (
            interruptible(),
            copy_model(chosen) as saved_model,
            export_log() as log,
            log_to_file(log.path) as terminal,
        ):
            console = make_console(terminal)
            images = partial(_find_images, chosen, config, mlmd_url, order.formats, console)
            manifest = _export(chosen, saved_model, order, images, console, log)
    except (NodeMissingError, PushedModelError) as error:
        raise click.ClickException(str(error)) from error
    if manifest.faults:
        sys.exit(NOT_BLESSED)


def _choose_formats(
    names: Sequence[str], output: Path | None, demo: Path | None
) -> tuple[ExportFormat, ...]:
    """Returns the formats to convert to, in one order and each once."""
    if output is None and demo is None:
        raise click.UsageError("name a folder with --output, --demo or both")
    if demo is None and not names:
        raise click.UsageError(
            f"name a format with --format: {', '.join(ExportFormat)}; it may be given again"
        )
    wanted = {*names, *([ExportFormat.TFJS.value] if demo else [])}
    if output is None and wanted != {ExportFormat.TFJS}:
        raise click.UsageError("--format: expected --output with it, received --demo alone")
    if output and demo and (output.is_relative_to(demo) or demo.is_relative_to(output)):
        raise click.UsageError(
            f"--output and --demo: expected two folders side by side, received {output} and {demo}"
        )
    return tuple(each for each in ExportFormat if each in wanted)


def _export(
    version: Version,
    saved_model: Path,
    order: _Order,
    find_images: Callable[[Sequence[int]], "Images"],
    console: Console,
    log: ExportLog,
) -> ExportManifest:
    """Exports, and says what is there and what is not."""
    output, demo = order.output, order.demo
    origin = version.record.origin if version.record else PushOrigin()
    description = describe_model(origin, version.model_digest, version=str(version.number))
    with _folder_of_exports(output) as folder:
        console.print(f"version {version.number}: {version.path}", soft_wrap=True)
        # TensorFlow comes with these.
        from components.model_exporter.exporting import SIGNATURE, export_model  # noqa: PLC0415
        from components.model_exporter.reference import (  # noqa: PLC0415
            SignatureError,
            read_image_shape,
        )

        try:
            images = find_images(read_image_shape(saved_model, SIGNATURE))
            names = origin.class_names
            manifest = export_model(
                saved_model, folder, order.formats, images, description, class_names=names
            )
        except OSError as error:
            raise click.ClickException(
                f"{output or folder}: cannot be written: {error}. Nothing is there. See to space "
                "and permissions there, or name another folder."
            ) from error
        except SignatureError as error:
            raise click.ClickException(str(error)) from error
        if manifest.exports:
            console.print(make_exports_table(manifest.exports))
        console.print()
        for reason in manifest.reasons:
            console.print(f"left out: {reason}", soft_wrap=True)
        if manifest.faults:
            log.is_kept = True
            console.print(f"log: {log.path}", soft_wrap=True)
        if output:
            console.print(f"Wrote {output}", soft_wrap=True)
        if demo:
            title = f"{description.name}, version {version.number}"
            _write_demo(demo, folder, manifest, title, console)
    return manifest


@contextmanager
def _folder_of_exports(output: Path | None) -> Iterator[Path]:
    """Yields where formats go: if nobody wants to keep them, to a folder that is removed."""
    if output:
        yield output
        return
    with tempfile.TemporaryDirectory() as scratch:
        yield Path(scratch) / "exports"


def _find_images(
    version: Version,
    config: PipelineConfig,
    mlmd_url: str | None,
    formats: Sequence[ExportFormat],
    console: Console,
    image_shape: Sequence[int],
) -> "Images":
    """Returns images of the version's data, from its run or else from its source files.

    Raises:
      click.ClickException: Neither has them.
    """
    from runners.exports.images import (  # noqa: PLC0415 - TensorFlow comes with it
        ImagesMissingError,
        read_run_images,
        read_source_images,
    )

    with_calibration = ExportFormat.TFLITE_INT8 in formats
    try:
        store, where = open_metadata(mlmd_url, config)
        images = read_run_images(store, version, image_shape, with_calibration=with_calibration)
        console.print(f"images: from the examples of its run, by {where}", soft_wrap=True)
    except click.UsageError:
        raise
    except (click.ClickException, ImagesMissingError) as error:
        of_run = str(error)
    else:
        return images
    try:
        images = read_source_images(version, config, image_shape, with_calibration=with_calibration)
    except ImagesMissingError as error:
        raise click.ClickException(
            f"version {version.number}: expected images of its data, to compare exports on; "
            f"received none. From its run: {of_run} From data_root: {error}. Set data_root to the "
            "folder of the files that the model was made from, or metadata_path (or --mlmd) to the "
            "metadata of a pipeline root that still has the examples."
        ) from error
    console.print(f"images: from {config.data_root}, whose files are those of its record")
    return images


def _write_demo(
    demo: Path, exports: Path, manifest: ExportManifest, title: str, console: Console
) -> None:
    if ExportFormat.TFJS in manifest.faults:
        console.print(f"{demo}: not written, since it takes {ExportFormat.TFJS}", soft_wrap=True)
        return
    try:
        write_demo(
            demo, model=exports / ExportFormat.TFJS, node_modules=find_node().modules, title=title
        )
    except (DemoError, OSError) as error:
        raise click.ClickException(f"the demo is not written: {error}") from error
    console.print(f"Wrote {demo}: serve it from any static host", soft_wrap=True)
