"""`tfx-mnist mlmd`: the database that remembers what was made from what."""

import os

import click

from runners.mlmd_url import MlmdUrlError


@click.group()
def mlmd() -> None:
    """Set up ML Metadata, the database of runs, models and what they were made from."""


@mlmd.command()
@click.option(
    "--mlmd",
    "url",
    metavar="URL_OR_FILE",
    help="sqlite:///path, postgresql://user@host:port/database or mysql://user@host:port/database "
    "without a password, or the path of a file that holds the URL. Default: the environment "
    "variable MLMD_URL. The password comes from MLMD_PASSWORD or the file that "
    "MLMD_PASSWORD_FILE names.",
)
def init(url: str | None) -> None:
    """Create the tables, once, before tasks connect to them all at a time.

    Does nothing where they are already there.
    """
    # ML Metadata comes with these, and takes its time.
    from ml_metadata import MetadataStore  # noqa: PLC0415

    from runners.mlmd_connection import describe_connection, read_connection  # noqa: PLC0415

    try:
        connection = read_connection(url, os.environ)
        num_runs = len(MetadataStore(connection).get_contexts_by_type("pipeline_run"))
    except MlmdUrlError as error:
        raise click.UsageError(str(error)) from error
    except Exception as error:  # ML Metadata's own; which one depends on the database
        raise click.ClickException(
            f"{describe_connection(connection)}: cannot be used as ML Metadata: {error}"
        ) from error
    click.echo(f"{describe_connection(connection)}: ready, with {num_runs} runs")
