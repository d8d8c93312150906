"""`tfx-mnist serve`: a model server that answers TF Serving's API, on this machine."""

from typing import TYPE_CHECKING, Any

import click

from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.serve_flags import server_flags
from runners.commands.serve_options import make_options, show_version
from runners.commands.server_process import run_server
from serving.address import format_address
from serving.options import ServerOptions

if TYPE_CHECKING:
    from serving.server import Server


@click.command()
@configuration_options
@server_flags(rest_api_port=8501, host="127.0.0.1", enable_page=True)
def serve(
    config_file: str | None, preset: str | None, overrides: tuple[str, ...], **flags: Any
) -> None:
    """Serve the pushed model over REST and gRPC, as TensorFlow Serving does.

    The flags of tensorflow_model_server are taken, and some more. Any SavedModel in numbered
    folders can be served, not only this project's; without --model_name and --model_base_path it
    is the pipeline's. SIGTERM and Ctrl-C let requests under way end first.
    """
    if flags["version"]:
        show_version()
        return
    config = read_configuration(config_file, preset, overrides)
    flags["model_name"] = flags["model_name"] or config.pipeline_name
    flags["model_base_path"] = flags["model_base_path"] or config.serving_model_dir
    options = make_options(flags, listen_when_ready=False)
    run_server(
        options,
        flags,
        on_listening=lambda server: _announce(server, options),
        on_ready=lambda: click.echo("Ready: every model has a version."),
    )


def _announce(server: "Server", options: ServerOptions) -> None:
    scheme = "https" if options.tls else "http"
    if server.rest_port:
        url = f"{scheme}://{format_address(options.host, server.rest_port)}"
        click.echo(f"REST: {url}/v1/models/NAME:predict")
        if options.enable_page:
            click.echo(f"Page: {url}/")
    if server.grpc_port:
        click.echo(f"gRPC: {format_address(options.host, server.grpc_port)}")
    if options.grpc_socket_path:
        click.echo(f"gRPC: unix:{options.grpc_socket_path}")
    models = ", ".join(server.manager.model_names) or "none yet"
    click.echo(f"Models: {models}. Stop with Ctrl-C.")
