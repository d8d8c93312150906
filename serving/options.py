"""How a server is to run, and the check that it can (no TensorFlow)."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from serving.bearer_token import TokenError, read_token
from serving.config_files import (
    BatchingParameters,
    parse_batching_parameters,
    parse_model_server_config,
    parse_monitoring_config,
    parse_ssl_config,
)
from serving.errors import invalid_argument
from serving.grpc_channel_arguments import ChannelArguments
from serving.models.config import ModelConfig
from serving.models.manager_options import ManagerOptions
from serving.tls import PemTexts, TlsFiles


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """Everything that a server is told. Names and defaults are tensorflow_model_server's.

    Attributes:
      models: What to serve.
      model_config_file: Where `models` came from, to be read again.
      model_config_file_poll_wait_seconds: How often to read it again; 0 for never.
      allow_reload_of_new_paths: Let a reload request name folders that the operator does not.
      file_system_poll_wait_seconds: How often to look for versions; 0 for once only.
      host: Address to listen on.
      rest_api_port: Port of the REST API; 0 for any free port, None for no REST API.
      port: Port of the gRPC API; likewise.
      grpc_socket_path: UNIX socket to listen on for gRPC as well, empty for none.
      grpc_max_threads: The most calls of one model at a time, unless `rest_api_num_threads` is
        larger; 0 in both for our choice.
      grpc_channel_arguments: Arguments of gRPC's own server.
      enable_grpc_healthcheck_service: Answer gRPC's health checks.
      rest_api_num_threads: See `grpc_max_threads`.
      rest_api_timeout_in_ms: How long a REST call may take.
      rest_api_enable_cors_support: Let pages of other origins call the REST API.
      listen_when_ready: Listen only when every model has a version, as tensorflow_model_server.
      enable_page: Answer GET / with a page to try the model.
      batching: How to join requests, None for not at all.
      enable_per_model_batching_parameters: Join them as a file in each version's folder says.
      metrics_path: Path of the Prometheus page, None for none.
      manager: How models are loaded.
      saved_model_tags: Which graph of a SavedModel to serve.
      enable_model_warmup: Replay the requests that a model brings along.
      num_request_iterations_for_warmup: How often each of them.
      tensorflow_intra_op_parallelism: Threads of one operation; 0 lets TensorFlow choose.
      tensorflow_inter_op_parallelism: Operations of one call at a time; 0 is one.
      per_process_gpu_memory_fraction: Share of each GPU's memory; 0 lets TensorFlow choose.
      enable_serialization_as_tensor_content: Write packed bytes into gRPC replies.
      max_request_bytes: The largest request.
      max_request_values: The most numbers and strings in one request.
      max_inflight_requests: The most requests at a time.
      tls: Files to encrypt both ports with, None for plain text.
      grpc_tls: What to encrypt gRPC alone with, None for nothing but `tls`.
      bearer_token: What clients must present, None for nothing.
      shutdown_grace_seconds: How long requests may still run after the signal to stop.
    """

    models: list[ModelConfig]
    model_config_file: Path | None = None
    model_config_file_poll_wait_seconds: float = 0.0
    allow_reload_of_new_paths: bool = False
    file_system_poll_wait_seconds: float = 1.0
    host: str = "127.0.0.1"
    rest_api_port: int | None = 8501
    port: int | None = 8500
    grpc_socket_path: str = ""
    grpc_max_threads: int = 0
    grpc_channel_arguments: ChannelArguments = ()
    enable_grpc_healthcheck_service: bool = True
    rest_api_num_threads: int = 0
    rest_api_timeout_in_ms: int = 30_000
    rest_api_enable_cors_support: bool = False
    listen_when_ready: bool = False
    enable_page: bool = True
    batching: BatchingParameters | None = None
    enable_per_model_batching_parameters: bool = False
    metrics_path: str | None = None
    manager: ManagerOptions = field(default_factory=ManagerOptions)
    saved_model_tags: tuple[str, ...] = ("serve",)
    enable_model_warmup: bool = True
    num_request_iterations_for_warmup: int = 1
    tensorflow_intra_op_parallelism: int = 0
    tensorflow_inter_op_parallelism: int = 0
    per_process_gpu_memory_fraction: float = 0.0
    enable_serialization_as_tensor_content: bool = False
    max_request_bytes: int = 64 * 2**20
    max_request_values: int = 2**24
    max_inflight_requests: int = 1024
    tls: TlsFiles | None = None
    grpc_tls: PemTexts | None = None
    bearer_token: str | None = None
    shutdown_grace_seconds: float = 30.0


def read_models(
    model_config_file: Path, *, current: Collection[ModelConfig] = ()
) -> list[ModelConfig]:
    """Returns the models of a config file.

    Args:
      model_config_file: The file.
      current: The models that are served already, which an empty file does not take away.

    Raises:
      ServingError: The file can't be read or is not what TF Serving takes.
    """
    text = _read(model_config_file, "model_config_file")
    return parse_model_server_config(text, where=str(model_config_file), current=current)


def read_batching(batching_parameters_file: Path | None) -> BatchingParameters:
    """Returns the parameters in a file, TF Serving's defaults without one."""
    if batching_parameters_file is None:
        return BatchingParameters()
    return parse_batching_parameters(_read(batching_parameters_file, "batching_parameters_file"))


def read_metrics_path(monitoring_config_file: Path | None) -> str | None:
    """Returns the path of the metrics page that a file turns on, None without one."""
    if monitoring_config_file is None:
        return None
    return parse_monitoring_config(_read(monitoring_config_file, "monitoring_config_file"))


def read_ssl_config(ssl_config_file: Path | None) -> PemTexts | None:
    """Returns what a file encrypts gRPC with, None without one."""
    if ssl_config_file is None:
        return None
    return parse_ssl_config(_read(ssl_config_file, "ssl_config_file"))


def read_bearer_token(bearer_token_file: Path | None) -> str | None:
    """Returns the token in a file, None without one.

    Raises:
      ServingError: The file can't be read, or holds nothing that clients can send.
    """
    if bearer_token_file is None:
        return None
    try:
        return read_token(bearer_token_file)
    except TokenError as error:
        raise invalid_argument(f"bearer_token_file: {error}") from error


def _read(path: Path, flag: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise invalid_argument(f"{flag}: {path} can't be read: {error}") from error
