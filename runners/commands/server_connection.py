"""The client of a model server that `--url` and its like ask for."""

import sys
import threading
from pathlib import Path
from typing import Any

import click

from runners.commands.quiet import quiet_stderr
from serving.bearer_token import TokenError, read_token
from serving.client.answers import ClientError
from serving.client.certificates import read_authorities
from serving.client.rest import RestClient
from serving.client.server_url import UrlError, split_url

_REST, _GRPC = ("http", "https"), ("grpc", "grpcs")


def connect(model_name: str, options: dict[str, Any]) -> Any:
    """Returns a client, which connects when it is used.

    Args:
      model_name: The model to ask.
      options: `url`, `token_file`, `ca_file` and `timeout_seconds` of a command.

    Raises:
      click.UsageError: An option is wrong, or names a file that is.
      ClientError: The environment names a proxy or certificates that can't be used.
    """
    try:
        url = split_url(options["url"], (*_REST, *_GRPC))
    except UrlError as error:
        raise click.UsageError(f"--url: {error}") from error
    ca_file: Path | None = options["ca_file"]
    if ca_file is not None and url.scheme == "http":
        raise click.UsageError(
            f"--ca_file: expected an encrypted server for it, https:// or grpcs://, received --url "
            f"{options['url']}. Name that one, or leave --ca_file out."
        )
    arguments: dict[str, Any] = {
        "token": _read_token(options["token_file"]),
        "timeout_seconds": _check_timeout(options["timeout_seconds"]),
    }
    authorities = _read_authorities(ca_file) if ca_file else None
    if url.scheme in _REST:
        return RestClient(
            options["url"], model_name, ca_file=str(ca_file) if ca_file else None, **arguments
        )
    # The messages of gRPC come with TensorFlow, which starts faster when it finds no Keras.
    sys.modules.setdefault("keras", None)  # type: ignore[arg-type]
    with quiet_stderr():
        from serving.client.grpc import GrpcClient  # noqa: PLC0415

    arguments |= {"encrypted": url.scheme == "grpcs", "ca_certificate": authorities}
    return GrpcClient(url.netloc, model_name, **arguments)


def _read_token(token_file: Path | None) -> str | None:
    try:
        return read_token(token_file) if token_file else None
    except TokenError as error:
        raise click.UsageError(f"--token_file: {error}") from error


def _read_authorities(ca_file: Path) -> bytes:
    try:
        return read_authorities(str(ca_file))
    except ClientError as error:
        raise click.UsageError(f"--{error}") from error


def _check_timeout(seconds: float) -> float:
    if not 0 < seconds <= threading.TIMEOUT_MAX:
        raise click.UsageError(
            f"--timeout_seconds: expected a number of seconds above 0, received {seconds}"
        )
    return seconds
