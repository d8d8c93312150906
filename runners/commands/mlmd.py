"""`tfx-mnist mlmd`: the database that remembers what was made from what."""

from typing import TYPE_CHECKING

import click

from components.data_sets.finding import Format
from pipeline.config import PipelineConfig
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.metadata_option import find_database
from runners.commands.quiet import quiet_stderr
from runners.metadata.url import PASSWORD_HELP, URL_VARIABLE

if TYPE_CHECKING:
    from ml_metadata.proto.metadata_store_pb2 import ConnectionConfig


@click.group()
def mlmd() -> None:
    """Set up ML Metadata, the database of runs, models and what they were made from."""


@mlmd.command()
@configuration_options
@click.option(
    "--mlmd",
    "url",
    metavar="URL_OR_FILE",
    help="sqlite:///path, postgresql://user@host:port/database or mysql://user@host:port/database "
    "without a password, or the path of a file that holds the URL. Default: the environment "
    f"variable {URL_VARIABLE}. {PASSWORD_HELP}",
)
def init(
    url: str | None, config_file: str | None, preset: str | None, overrides: tuple[str, ...]
) -> None:
    """Create the tables and the pipeline's types, once, before tasks connect to them.

    Does nothing where they are already there. Run it again when the pipeline has a new component.
    """
    config = read_configuration(config_file, preset, overrides)
    connection, where = find_database(url)
    try:
        num_runs = _initialize(connection, config)
    except FileNotFoundError as error:  # of the data contract
        raise click.ClickException(str(error)) from error
    except Exception as error:  # ML Metadata's own; which one depends on the database
        raise click.ClickException(f"{where}: cannot be used as ML Metadata: {error}") from error
    click.echo(f"{where}: ready, with {num_runs} runs")


def _initialize(connection: "ConnectionConfig", config: PipelineConfig) -> int:
    """Makes the tables and the types; returns the number of runs that are there."""
    from ml_metadata import MetadataStore  # noqa: PLC0415

    # Makes the tables; a database that cannot be used says so before TensorFlow is loaded.
    store = MetadataStore(connection)
    with quiet_stderr():
        from tfx.orchestration.metadata import Metadata  # noqa: PLC0415

        from runners.metadata.registered_types import register_types, types_written_by  # noqa: PLC0415
        from runners.orchestration.compiled import compile_ir  # noqa: PLC0415

    # Who asks for a node later, or has data of another format then, need not come back.
    configs = (config.with_every_node().with_format(each) for each in Format)
    nodes = (node.pipeline_node for each in configs for node in compile_ir(each).nodes)
    register_types(Metadata(connection), types_written_by(nodes))
    return len(store.get_contexts_by_type("pipeline_run"))
