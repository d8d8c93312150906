"""`tensorflow_model_server`: the same server, started as TF Serving's program is."""

import logging
from typing import TYPE_CHECKING, Any

import click

from runners.commands.serve_flags import server_flags
from runners.commands.serve_options import make_options, show_version
from runners.commands.server_process import run_server
from serving.address import format_address
from serving.options import ServerOptions

if TYPE_CHECKING:
    from serving.server import Server

_MODEL_NAME = "default"

logger = logging.getLogger(__name__)


@click.command(name="tensorflow_model_server")
@server_flags(rest_api_port=0, host="0.0.0.0", enable_page=False)  # noqa: S104 - as TF Serving
def tensorflow_model_server(**flags: Any) -> None:
    """Serve models with the flags, defaults and order of start of TensorFlow Serving's program.

    It listens on all addresses, for gRPC alone unless --rest_api_port is given, and only when
    every configured model has a version. `tfx-mnist serve` is the same server for people.
    """
    if flags["version"]:
        show_version()
        return
    if not (flags["model_base_path"] or flags["model_config_file"]):
        raise click.UsageError(
            "Both server_options.model_base_path and server_options.model_config_file are empty! "
            "Name the models with --model_base_path or --model_config_file."
        )
    flags["model_name"] = flags["model_name"] or _MODEL_NAME
    options = make_options(flags, listen_when_ready=True)
    run_server(options, flags, on_listening=lambda server: _announce(server, options))


def _announce(server: "Server", options: ServerOptions) -> None:
    """Logs the lines that scripts wait for."""
    if server.grpc_port:
        address = format_address(options.host, server.grpc_port)
        logger.info("Running gRPC ModelServer at %s ...", address)
    if options.grpc_socket_path:
        logger.info("Running gRPC ModelServer at UNIX socket %s ...", options.grpc_socket_path)
    if server.rest_port:
        logger.info("Exporting HTTP/REST API at:localhost:%d ...", server.rest_port)
