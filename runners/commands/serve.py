"""`tfx-mnist serve`: a model server that answers TF Serving's API, on this machine."""

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.quiet import quiet_tensorflow
from serving.errors import ServingError
from serving.models.manager import ManagerOptions
from serving.options import (
    ServerOptions,
    read_batching,
    read_bearer_token,
    read_metrics_path,
    read_models,
)
from serving.tls import TlsFiles, read_tls

_FILE = click.Path(path_type=Path, dir_okay=False)
_WATCHDOG_SECONDS = 5.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

logger = logging.getLogger(__name__)


def _switch(name: str, text: str, *, default: bool = False) -> Callable[..., Any]:
    """Returns an option that TF Serving would take: --name, --name=true or --name=false."""
    return click.option(
        f"--{name}",
        type=bool,
        is_flag=False,
        flag_value=True,
        default=default,
        help=text,
        show_default=True,
    )


def _value(name: str, default: Any, text: str, **arguments: Any) -> Callable[..., Any]:
    arguments.setdefault("show_default", default is not None)
    return click.option(f"--{name}", default=default, help=text, **arguments)


_OPTIONS = (
    _value("model_name", None, "Name of the model. Default: the pipeline's name."),
    _value(
        "model_base_path",
        None,
        "Folder whose numbered sub-folders are versions. Default: serving_model_dir.",
    ),
    _value(
        "model_config_file",
        None,
        "Text file of several models, with policies and labels.",
        type=_FILE,
    ),
    _value("model_config_file_poll_wait_seconds", 0, "How often to read it again; 0: never."),
    _switch(
        "allow_reload_of_new_paths",
        "Let reload requests over gRPC name folders that neither flags nor file name.",
    ),
    _value("file_system_poll_wait_seconds", 1, "How often to look for versions; 0: once."),
    _value("rest_api_port", 8501, "Port of the REST API; 0: no REST API."),
    _value("port", 8500, "Port of the gRPC API; 0: no gRPC API."),
    _value("host", "127.0.0.1", "Address to listen on; 0.0.0.0 lets other machines in."),
    _value("rest_api_timeout_in_ms", 30_000, "How long a REST call may take."),
    _switch("rest_api_enable_cors_support", "Let pages of other origins call the REST API."),
    _switch("enable_batching", "Join requests that come at the same time."),
    _value("batching_parameters_file", None, "Text file of BatchingParameters.", type=_FILE),
    _value(
        "monitoring_config_file", None, "Text file of MonitoringConfig, for Prometheus.", type=_FILE
    ),
    _switch("enable_model_warmup", "Replay the requests that a model brings along.", default=True),
    _value("num_request_iterations_for_warmup", 1, "How often to replay each of them."),
    _value("max_num_load_retries", 5, "How often to try again to load a model."),
    _value("load_retry_interval_micros", 60_000_000, "How long to wait before."),
    _switch(
        "allow_version_labels_for_unavailable_models",
        "Take a label for a version that is not loaded yet.",
    ),
    _value(
        "tensorflow_intra_op_parallelism", 0, "Threads of one operation; 0: TensorFlow's choice."
    ),
    _value("tensorflow_inter_op_parallelism", 0, "Operations at a time; 0: TensorFlow's choice."),
    _switch("enable_serialization_as_tensor_content", "Write packed bytes into gRPC replies."),
    _switch("enable_page", "Answer GET / with a page to draw on.", default=True),
    _value("max_request_bytes", 64 * 2**20, "The largest request."),
    _value("max_request_values", 2**24, "The most numbers and strings in one request."),
    _value("max_inflight_requests", 1024, "The most requests at a time."),
    _value("tls_certificate_file", None, "PEM file; with it both ports are encrypted.", type=_FILE),
    _value("tls_private_key_file", None, "PEM file of its key.", type=_FILE),
    _value(
        "tls_client_ca_file",
        None,
        "Ask clients for a certificate that this one signed.",
        type=_FILE,
    ),
    _value("bearer_token_file", None, "Ask clients for the token in this file.", type=_FILE),
    _value("shutdown_grace_seconds", 30.0, "How long requests may still run at the end."),
)


def _serving_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@configuration_options
@_serving_options
def serve(
    config_file: str | None, preset: str | None, overrides: tuple[str, ...], **flags: Any
) -> None:
    """Serve the pushed model over REST and gRPC, as TensorFlow Serving does.

    The flags are those of tensorflow_model_server. Any SavedModel in numbered folders can be
    served, not only this project's. SIGTERM and Ctrl-C let requests under way end first.
    """
    config = read_configuration(config_file, preset, overrides)
    try:
        options = _make_options(
            flags,
            model_name=flags["model_name"] or config.pipeline_name,
            model_base_path=flags["model_base_path"] or config.serving_model_dir,
        )
    except ServingError as error:
        raise click.UsageError(error.message) from error
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        _run(options)
    except (ServingError, OSError, RuntimeError) as error:
        raise click.ClickException(str(error)) from error


def _make_options(flags: dict[str, Any], *, model_name: str, model_base_path: str) -> ServerOptions:
    taken_over = {name: flags[name] for name in ServerOptions.__dataclass_fields__ if name in flags}
    if flags["batching_parameters_file"] and not flags["enable_batching"]:
        raise click.UsageError("--batching_parameters_file is of no use without --enable_batching")
    if "://" not in model_base_path:
        model_base_path = str(Path(model_base_path).absolute())
    return ServerOptions(
        **taken_over
        | {
            "models": read_models(flags["model_config_file"], model_name, model_base_path),
            "rest_api_port": flags["rest_api_port"] or None,
            "port": flags["port"] or None,
            "batching": read_batching(flags["batching_parameters_file"])
            if flags["enable_batching"]
            else None,
            "metrics_path": read_metrics_path(flags["monitoring_config_file"]),
            "manager": ManagerOptions(
                max_num_load_retries=flags["max_num_load_retries"],
                load_retry_interval_seconds=flags["load_retry_interval_micros"] / 1e6,
                allow_version_labels_for_unavailable_models=flags[
                    "allow_version_labels_for_unavailable_models"
                ],
            ),
            "tls": _read_tls(flags),
            "bearer_token": read_bearer_token(flags["bearer_token_file"]),
        }
    )


def _read_tls(flags: dict[str, Any]) -> TlsFiles | None:
    certificate, key = flags["tls_certificate_file"], flags["tls_private_key_file"]
    if certificate is None and key is None and flags["tls_client_ca_file"] is None:
        return None
    if certificate is None or key is None:
        raise click.UsageError("TLS needs both --tls_certificate_file and --tls_private_key_file")
    return read_tls(certificate, key, flags["tls_client_ca_file"])


def _run(options: ServerOptions) -> None:
    # A model server has no Keras; ruling it out halves the time to start.
    sys.modules.setdefault("keras", None)  # type: ignore[arg-type]
    with quiet_tensorflow():  # it comes with the server: --help need not wait
        import uvloop  # noqa: PLC0415

        from serving.server import Server  # noqa: PLC0415

    if options.host not in _LOOPBACK and options.bearer_token is None:
        logger.warning("Everybody who reaches %s may use the models: no token is set", options.host)
    # What is there before the models stays: looking through it whenever a model is unloaded would
    # hold up requests for a fifth of a second.
    gc.collect()
    gc.freeze()
    server = Server(options, on_listening=lambda: _announce(server, options))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _stop(server, options))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.run())
        # Taking TensorFlow down in order takes seconds of CPU and changes nothing, and a thread
        # that never ends would be waited for.
        _end(0)


def _stop(server: Any, options: ServerOptions) -> None:
    """Ends the server in order, or else without order when its time is over."""
    server.stop()
    watchdog = threading.Timer(options.shutdown_grace_seconds + _WATCHDOG_SECONDS, _give_up)
    watchdog.daemon = True
    watchdog.start()


def _give_up() -> None:
    logger.error("The server can't end in order, such as while it reads a model; ending anyway")
    _end(1)


def _end(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _announce(server: Any, options: ServerOptions) -> None:
    scheme = "https" if options.tls else "http"
    if server.rest_port:
        click.echo(f"REST: {scheme}://{options.host}:{server.rest_port}/v1/models/NAME:predict")
        if options.enable_page:
            click.echo(f"Draw a digit: {scheme}://{options.host}:{server.rest_port}/")
    if server.grpc_port:
        click.echo(f"gRPC: {options.host}:{server.grpc_port}")
    click.echo(f"Models: {', '.join(server.manager.model_names)}. Stop with Ctrl-C.")
