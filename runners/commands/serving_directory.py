"""The serving directory as several commands see it, or why it cannot be listed."""

from pathlib import Path

import click

from components.versioned_directory.push_record import PushRecord
from components.versioned_directory.versions import Version, list_versions
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


def describe_copy(record: PushRecord) -> str:
    """Returns what a rolled-back version is, in words; `record` is that of a copy."""
    return f"the model of {record.copy_of}, rolled back from {record.replaced}"
