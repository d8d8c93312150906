"""What every `tfx-mnist compile` takes, and how it ends: files that are whole, or one message."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from components.whole_file import write_whole_file
from pipeline.config import PipelineConfig
from pipeline.config_sources import ConfigError
from pipeline.definition_files import DefinitionFiles, read_definition_files
from pipeline.installed_files import installed_folder
from runners.commands.quiet import quiet_stderr
from runners.orchestration.example_values import describe_example_values, find_example_values
from runners.orchestration.pod_paths import PodFolders

if TYPE_CHECKING:
    from runners.orchestration.compiled import CompiledPipeline

_SettingsT = TypeVar("_SettingsT")


class _HasFolders(Protocol):
    """Settings of containers."""

    @property
    def folders(self) -> PodFolders:
        """Where containers see what the pipeline reads and writes."""


def settings_option(content: str, *, required: bool) -> Callable[..., Any]:
    """Returns --settings; `content` says what the file holds, and where all of it is listed."""
    return click.option(
        "--settings",
        "settings_file",
        required=required,
        metavar="FILE",
        help=f"YAML file: {content}",
    )


def output_file_option(suffix: str) -> Callable[..., Any]:
    """Returns --output for a file that ends in `suffix`."""
    return click.option("--output", required=True, metavar=f"FILE{suffix}", help="File to write.")


def read_output_file(output: str, suffix: str) -> Path:
    """Returns the file to write.

    Raises:
      click.UsageError: It has another ending.
    """
    if not output.endswith(suffix):
        raise click.UsageError(
            f"--output: expected a name that ends in {suffix}, received {output}"
        )
    return Path(output).absolute()


def make_folder(folder: Path) -> None:
    """Makes the folder to write to if it is not there; call it before TensorFlow is loaded.

    Raises:
      click.ClickException: It cannot be made.
    """
    with _write_faults_as_messages(folder):
        folder.mkdir(parents=True, exist_ok=True)


def read_settings(read: Callable[[str | None], _SettingsT], path: str | None) -> _SettingsT:
    """Returns what `read` makes of a file of settings.

    Raises:
      click.UsageError: Something in it is unknown, missing or out of bounds.
    """
    try:
        return read(path)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error


def read_files(config: PipelineConfig) -> DefinitionFiles:
    """Reads what the pipeline is defined by; call it before TensorFlow is loaded.

    Raises:
      click.ClickException: The data contract is missing or no schema.
    """
    with faults_as_messages(), quiet_stderr():  # TensorFlow's, where a file is remote
        return read_definition_files(config)


def place_in_pods(config: PipelineConfig, settings: _HasFolders) -> PipelineConfig:
    """Returns the configuration with the paths that containers see.

    The current folder is taken for the checkout that their image was built from, and so is what
    the wheel has of it.

    Raises:
      click.ClickException: The settings name a folder that cannot be.
    """
    with faults_as_messages():
        folders = settings.folders
        placed = folders.place(config, os.getcwd())  # noqa: PTH109 - as the configuration has it
        installed = installed_folder()
        return folders.place(placed, installed) if installed else placed


def name_example_values(content: Any) -> None:
    """Prints what has to be replaced before `content` can be run, if anything."""
    if values := find_example_values(content):
        click.echo(f"Before it can run, {describe_example_values(values)}", err=True)


@contextmanager
def faults_as_messages() -> Iterator[None]:
    """Within the block, what cannot be compiled ends the command with a message, not a traceback.

    Raises:
      click.ClickException: Settings and pipeline do not fit, or the data contract is missing.
    """
    try:
        yield
    except (ValueError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error


def write_files(path: Path, content: str, compiled: "CompiledPipeline | None" = None) -> None:
    """Writes what the orchestrator is given, and prints the path of each file.

    Args:
      path: Of the orchestrator's own file.
      content: Of that file.
      compiled: What its tasks run, if they run our nodes; goes beside it, under the same name.

    Raises:
      click.ClickException: One of the files cannot be written.
    """
    with _write_faults_as_messages(path):
        beside = compiled.write(str(path.with_suffix(""))) if compiled else ()
        # Last: until then the orchestrator keeps the one that it has.
        write_whole_file(path, content)
    for each in (path, *beside):
        click.echo(each)


@contextmanager
def _write_faults_as_messages(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise click.ClickException(
            f"{path}: cannot be written: {error.strerror}. Let --output lead to a folder where you "
            "may write and there is room; one that is not there is made."
        ) from error
