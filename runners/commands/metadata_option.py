"""The option of commands that read ML Metadata, wherever a run has put it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.config import PipelineConfig
from runners.metadata.url import MLMD_HELP, URL_VARIABLE, MlmdUrlError

if TYPE_CHECKING:
    from ml_metadata import MetadataStore
    from ml_metadata.proto.metadata_store_pb2 import ConnectionConfig

mlmd_option = click.option("--mlmd", "mlmd_url", metavar="URL_OR_FILE", help=MLMD_HELP)


def open_metadata(url: str | None, config: PipelineConfig) -> tuple["MetadataStore", str]:
    """Opens the metadata of the pipeline's runs; returns it, and where it is without a password.

    Raises:
      click.ClickException: There is none, or it cannot be read.
    """
    # ML Metadata comes with these, and takes its time.
    from ml_metadata import MetadataStore  # noqa: PLC0415

    from runners.metadata.connection import open_store  # noqa: PLC0415

    if url is None and URL_VARIABLE not in os.environ:
        if not Path(config.metadata_path).is_file():
            raise click.ClickException(
                f"{config.metadata_path}: expected the metadata of pipeline "
                f"{config.pipeline_name}, received no such file. Run the pipeline (tfx-mnist run), "
                "set metadata_path, or name a database with --mlmd."
            )
        try:
            return open_store(config.metadata_path), config.metadata_path
        except OSError as error:
            raise click.ClickException(str(error)) from error
    connection, where = find_database(url)
    sqlite = connection.sqlite.filename_uri if connection.HasField("sqlite") else ""
    if sqlite and not Path(sqlite).is_file():  # ML Metadata would make an empty one
        raise click.ClickException(
            f"{where}: expected the metadata of pipeline {config.pipeline_name}, received no such "
            "file. Name the database that the pipeline's runs write to."
        )
    try:
        return MetadataStore(connection), where
    except Exception as error:  # ML Metadata's own; which one depends on the database
        raise click.ClickException(f"{where}: cannot be read as ML Metadata: {error}") from error


def find_database(url: str | None) -> tuple["ConnectionConfig", str]:
    """Returns how to connect to the database, and where it is without a password.

    Args:
      url: What --mlmd says; None for the environment variable.

    Raises:
      click.UsageError: It is no URL of a database, or it holds a password.
    """
    # ML Metadata comes with this, and takes its time.
    from runners.metadata.connection import describe_connection, read_connection  # noqa: PLC0415

    try:
        connection = read_connection(url, os.environ)
    except MlmdUrlError as error:
        raise click.UsageError(str(error)) from error
    return connection, describe_connection(connection)
