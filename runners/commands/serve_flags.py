"""The flags of a model server: those of tensorflow_model_server, and our own."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

_FILE = click.Path(path_type=Path, dir_okay=False)
_PORT = click.IntRange(0, 65535)
_COUNT = click.IntRange(min=0)

WITHOUT_EFFECT = (
    *("enable_profiler", "enable_signature_method_name_check", "flush_filesystem_caches"),
    *("mixed_precision", "num_tflite_interpreters_per_pool", "num_tflite_pools"),
    *("num_unload_threads", "platform_config_file", "prefer_tflite_model"),
    *("remove_unused_fields_from_bundle_metagraph", "skip_initialize_tpu"),
    *("tensorflow_session_config_file", "thread_pool_factory_config_file"),
    *("use_alts_credentials", "xla_cpu_compilation_enabled", "xla_gpu_compilation_enabled"),
)
"""Flags of tensorflow_model_server that are taken, so that its command lines work, and no more."""

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _switch(name: str, text: str, *, default: bool = False) -> Decorator:
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


def _value(name: str, default: Any, text: str, **arguments: Any) -> Decorator:
    arguments.setdefault("show_default", default is not None)
    return click.option(f"--{name}", default=default, help=text, **arguments)


_MODELS = (
    _value("model_name", None, "Name of the model."),
    _value("model_base_path", None, "Folder whose numbered sub-folders are versions."),
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
    _value("saved_model_tags", "serve", "Which graph of a SavedModel to serve, comma-separated."),
    _switch("enable_model_warmup", "Replay the requests that a model brings along.", default=True),
    _value("num_request_iterations_for_warmup", 1, "How often to replay each of them."),
    _value("num_load_threads", 0, "How many versions to load at a time.", type=_COUNT),
    _value("max_num_load_retries", 5, "How often to try again to load a model."),
    _value("load_retry_interval_micros", 60_000_000, "How long to wait before."),
    _switch(
        "allow_version_labels_for_unavailable_models",
        "Take a label for a version that is not loaded yet.",
    ),
)
_CALLS = (
    _switch("enable_batching", "Join requests that come at the same time."),
    _value("batching_parameters_file", None, "Text file of BatchingParameters.", type=_FILE),
    _switch(
        "enable_per_model_batching_parameters",
        "Join them as batching_params.pbtxt in the version's folder says, or not at all.",
    ),
    _value(
        "tensorflow_session_parallelism",
        0,
        "Both of the next two, where neither is set.",
        type=_COUNT,
    ),
    _value(
        "tensorflow_intra_op_parallelism",
        0,
        "Threads of one operation; 0: TensorFlow's choice.",
        type=_COUNT,
    ),
    _value(
        "tensorflow_inter_op_parallelism",
        0,
        "Operations at a time; 0: the server's choice.",
        type=_COUNT,
    ),
    _value(
        "per_process_gpu_memory_fraction",
        0.0,
        "Share of each GPU's memory to take; 0: TensorFlow's choice.",
        type=click.FloatRange(0, 1),
    ),
    _switch("enable_serialization_as_tensor_content", "Write packed bytes into gRPC replies."),
    _value("max_request_bytes", 64 * 2**20, "The largest request."),
    _value("max_request_values", 2**24, "The most numbers and strings in one request."),
    _value("max_inflight_requests", 1024, "The most requests at a time."),
)
_ACCESS = (
    _value("tls_certificate_file", None, "PEM file; with it both ports are encrypted.", type=_FILE),
    _value("tls_private_key_file", None, "PEM file of its key.", type=_FILE),
    _value(
        "tls_client_ca_file",
        None,
        "Ask clients for a certificate that this one signed.",
        type=_FILE,
    ),
    _value(
        "ssl_config_file",
        None,
        "Text file of SSLConfig, with PEM texts; with it gRPC alone is encrypted.",
        type=_FILE,
    ),
    _value("bearer_token_file", None, "Ask clients for the token in this file.", type=_FILE),
    _value(
        "monitoring_config_file", None, "Text file of MonitoringConfig, for Prometheus.", type=_FILE
    ),
    _value("shutdown_grace_seconds", 30.0, "How long requests may still run at the end."),
    _switch("version", "Show the version and end."),
)


def _ports(*, rest_api_port: int, host: str, enable_page: bool) -> tuple[Decorator, ...]:
    return (
        _value("rest_api_port", rest_api_port, "Port of the REST API; 0: no REST API.", type=_PORT),
        _value("port", 8500, "Port of the gRPC API; 0: no gRPC API.", type=_PORT),
        _value("host", host, "Address to listen on; 0.0.0.0 lets other machines in."),
        _value("grpc_socket_path", "", "UNIX socket on which gRPC answers too."),
        _value(
            "rest_api_num_threads",
            0,
            "How many REST calls to work on at a time; 0: the server's choice.",
            type=_COUNT,
        ),
        _value(
            "grpc_max_threads",
            0,
            "How many gRPC calls to work on at a time; 0: the server's choice.",
            type=_COUNT,
        ),
        _value("grpc_channel_arguments", "", "Arguments of gRPC's server: KEY=VALUE,KEY=VALUE."),
        _switch("enable_grpc_healthcheck_service", "Answer gRPC's health checks.", default=True),
        _value("rest_api_timeout_in_ms", 30_000, "How long a REST call may take."),
        _switch("rest_api_enable_cors_support", "Let pages of other origins call the REST API."),
        _switch("enable_page", "Answer GET / with a page to draw on.", default=enable_page),
    )


def server_flags(*, rest_api_port: int, host: str, enable_page: bool) -> Decorator:
    """Returns what gives a command all flags; the arguments are the defaults that differ."""
    ports = _ports(rest_api_port=rest_api_port, host=host, enable_page=enable_page)
    without_effect: Iterable[Decorator] = (
        click.option(f"--{name}", is_flag=False, flag_value="true", hidden=True)
        for name in WITHOUT_EFFECT
    )

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed((*_MODELS, *ports, *_CALLS, *_ACCESS, *without_effect)):
            command = option(command)
        return command

    return decorate
