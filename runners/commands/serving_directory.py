"""The serving directory as several commands see it, or why it cannot be listed."""

from pathlib import Path

import click

from components.versioned_directory.model_files import RECORD_PATH
from components.versioned_directory.push_record import PushRecord
from components.versioned_directory.versions import Version, list_versions, parse_number
from pipeline.config import PipelineConfig


def serving_directory(config: PipelineConfig) -> Path:
    """Returns the configured serving directory.

    Raises:
      click.ClickException: It is remote.
    """
    if "://" in config.serving_model_dir:
        raise click.ClickException(
            f"{config.serving_model_dir}: expected a serving_model_dir on a filesystem of this "
            "machine, received a remote one. List it with the tools of its store, and let servers "
            "there choose a version by their model_version_policy."
        )
    return Path(config.serving_model_dir)


def read_versions(directory: Path) -> list[Version]:
    """Returns the versions in the serving directory, newest first.

    Raises:
      click.ClickException: It cannot be read.
    """
    try:
        return list_versions(directory)[::-1]
    except OSError as error:
        raise click.ClickException(
            f"{directory}: cannot be read: {error.strerror}. Set serving_model_dir to the "
            "directory that the pipeline pushes to."
        ) from error


def find_version(model: str | None, config: PipelineConfig) -> Version:
    """Returns a version.

    Args:
      model: Its number in the serving directory, or the path of its folder; None for the newest.
      config: Names the serving directory.

    Raises:
      click.ClickException: There is none, or it is remote.
    """
    if model is None:
        directory = serving_directory(config)
        for newest in read_versions(directory):
            return newest
        raise click.ClickException(
            f"{directory}: expected a version, received none. Push one (tfx-mnist run), or set "
            "serving_model_dir to the directory that the pipeline pushes to."
        )
    if "://" in model:
        raise click.UsageError(
            f"{model}: expected a version on this machine, received a remote one. Its own record, "
            f"{model.rstrip('/')}/{RECORD_PATH}, names run, model and data files."
        )
    path = Path(model).absolute()
    if "/" in model:
        directory, number = path.parent, parse_number(path.name)
    else:
        directory, number = serving_directory(config), parse_number(model)
    versions = read_versions(directory)
    for version in versions:
        if version.number == number:
            return version
    raise click.ClickException(
        f"{directory}: expected a version's number or path, received {model!r}. There are: "
        f"{', '.join(str(version.number) for version in versions) or 'none'}."
    )


def describe_copy(record: PushRecord) -> str:
    """Returns what a rolled-back version is, in words; `record` is that of a copy."""
    return f"the model of {record.copy_of}, rolled back from {record.replaced}"
