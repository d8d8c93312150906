"""From the flags of a command line to the options of a model server."""

import logging
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from runners.commands.serve_flags import WITHOUT_EFFECT
from serving.errors import ServingError
from serving.grpc_channel_arguments import parse_channel_arguments
from serving.models.config import ModelConfig
from serving.models.manager_options import ManagerOptions
from serving.options import (
    ServerOptions,
    read_batching,
    read_bearer_token,
    read_metrics_path,
    read_models,
    read_ssl_config,
)
from serving.tls import TlsFiles, read_tls

logger = logging.getLogger(__name__)


def show_version() -> None:
    """Prints what tensorflow_model_server prints for --version."""
    click.echo(f"TensorFlow ModelServer: {version('tfx-mnist')} (tfx-mnist)")
    click.echo(f"TensorFlow Library: {version('tensorflow')}")


def make_options(flags: Mapping[str, Any], *, listen_when_ready: bool) -> ServerOptions:
    """Returns the options of a server.

    Args:
      flags: What `server_flags` gave a command; `model_name` and `model_base_path` have a value.
      listen_when_ready: Whether clients can connect only when every model has a version.

    Raises:
      click.UsageError: A value, or what a file holds, is of no use.
    """
    _check(flags)
    taken_over = {name: flags[name] for name in ServerOptions.__dataclass_fields__ if name in flags}
    try:
        read = _read_files(flags)
    except ServingError as error:
        raise click.UsageError(error.message) from error
    return ServerOptions(
        **taken_over
        | read
        | _spread_parallelism(flags)
        | {
            "rest_api_port": flags["rest_api_port"] or None,
            "port": flags["port"] or None,
            "saved_model_tags": tuple(tag for tag in flags["saved_model_tags"].split(",") if tag),
            "manager": ManagerOptions(
                num_load_threads=flags["num_load_threads"],
                max_num_load_retries=flags["max_num_load_retries"],
                load_retry_interval_seconds=flags["load_retry_interval_micros"] / 1e6,
                allow_version_labels_for_unavailable_models=flags[
                    "allow_version_labels_for_unavailable_models"
                ],
            ),
            "listen_when_ready": listen_when_ready,
        }
    )


def warn_of_flags_without_effect(flags: Mapping[str, Any]) -> None:
    """Says once which of the flags that were given change nothing."""
    given = [f"--{name}" for name in WITHOUT_EFFECT if flags[name] is not None]
    if given:
        logger.warning(
            "Of tensorflow_model_server's flags these change nothing here: %s", ", ".join(given)
        )


def _check(flags: Mapping[str, Any]) -> None:
    if flags["batching_parameters_file"] and not flags["enable_batching"]:
        raise click.UsageError("--batching_parameters_file is of no use without --enable_batching")
    if not (flags["port"] or flags["rest_api_port"] or flags["grpc_socket_path"]):
        raise click.UsageError(
            "expected a port or a socket to listen on, received --port=0 and --rest_api_port=0"
        )
    if flags["port"] and flags["port"] == flags["rest_api_port"]:
        raise click.UsageError(
            f"--port and --rest_api_port: expected two ports, received {flags['port']} twice"
        )
    if flags["ssl_config_file"] and flags["tls_certificate_file"]:
        raise click.UsageError(
            "--ssl_config_file encrypts gRPC, --tls_certificate_file both APIs: name one of them"
        )
    if (flags["use_alts_credentials"] or "false").lower() not in ("false", "0"):
        raise click.UsageError(
            "--use_alts_credentials: ALTS is not there, and without it gRPC would be in plain "
            "text; encrypt with --tls_certificate_file or --ssl_config_file"
        )


def _spread_parallelism(flags: Mapping[str, Any]) -> dict[str, int]:
    """Returns both kinds of parallelism, as TF Serving's server.cc makes them of three flags."""
    names = ("tensorflow_intra_op_parallelism", "tensorflow_inter_op_parallelism")
    of_session = flags["tensorflow_session_parallelism"]
    given = {name: flags[name] for name in names}
    if of_session and all(given.values()):
        raise click.UsageError(
            "Either configure --tensorflow_session_parallelism, or "
            "--tensorflow_intra_op_parallelism and --tensorflow_inter_op_parallelism separately. "
            "You cannot configure all."
        )
    return given if any(given.values()) else dict.fromkeys(names, of_session)


def _read_files(flags: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "models": _read_models(flags),
        "batching": read_batching(flags["batching_parameters_file"])
        if flags["enable_batching"]
        else None,
        "metrics_path": read_metrics_path(flags["monitoring_config_file"]),
        "tls": _read_tls(flags),
        "grpc_tls": read_ssl_config(flags["ssl_config_file"]),
        "bearer_token": read_bearer_token(flags["bearer_token_file"]),
        "grpc_channel_arguments": parse_channel_arguments(flags["grpc_channel_arguments"]),
    }


def _read_models(flags: Mapping[str, Any]) -> list[ModelConfig]:
    if flags["model_config_file"]:
        return read_models(flags["model_config_file"])
    base_path = flags["model_base_path"]
    if "://" not in base_path:
        base_path = str(Path(base_path).absolute())
    return [ModelConfig(name=flags["model_name"], base_path=base_path)]


def _read_tls(flags: Mapping[str, Any]) -> TlsFiles | None:
    certificate, key = flags["tls_certificate_file"], flags["tls_private_key_file"]
    if certificate is None and key is None and flags["tls_client_ca_file"] is None:
        return None
    if certificate is None or key is None:
        raise click.UsageError("TLS needs both --tls_certificate_file and --tls_private_key_file")
    return read_tls(certificate, key, flags["tls_client_ca_file"])
