"""TF Serving's text files: the models to serve, batching, monitoring (no TensorFlow)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf.descriptor_pb2 import FieldDescriptorProto
from tensorflow_serving.config import model_server_config_pb2

from serving.errors import Code, ServingError, invalid_argument
from serving.models.config import ModelConfig, read_model_configs
from serving.tls import PemTexts, check_pem_texts

DEFAULT_METRICS_PATH = "/monitoring/prometheus/metrics"


@dataclass(frozen=True, kw_only=True)
class BatchingParameters:
    """How requests are joined; the defaults are those of TF Serving.

    Attributes:
      max_batch_size: Rows in one call of a model.
      batch_timeout_micros: How long a request waits for others.
      max_enqueued_batches: Batches that may wait; beyond that requests are refused.
      num_batch_threads: Calls at the same time; 0 stands for one for each CPU.
      allowed_batch_sizes: Batches are filled up to one of these sizes; empty allows any size.
      enable_large_batch_splitting: Cut up a request that is larger than a batch, not refuse it.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = 0
    allowed_batch_sizes: tuple[int, ...] = ()
    enable_large_batch_splitting: bool = False


def parse_model_server_config(
    text: str, *, where: str = "model_config_file", current: Collection[ModelConfig] = ()
) -> list[ModelConfig]:
    """Reads a ModelServerConfig in protobuf's text form.

    Args:
      text: What the file holds.
      where: The file.
      current: The models that are served already, which an empty text does not take away.

    Raises:
      ServingError: The text or a value in it is not what TF Serving takes.
    """
    server_config = _parse(text, model_server_config_pb2.ModelServerConfig(), where)
    return read_model_configs(server_config, current)


def parse_batching_parameters(
    text: str, *, where: str = "batching_parameters_file"
) -> BatchingParameters:
    """Reads a BatchingParameters file; `where` names it in errors.

    Raises:
      ServingError: The text or a value in it is not what TF Serving takes.
    """
    message = _parse(text, _new_message("BatchingParameters"), where)
    values: dict[str, Any] = {
        name: getattr(message, name).value
        for name in BatchingParameters.__dataclass_fields__
        if name != "allowed_batch_sizes" and message.HasField(name)
    }
    _check_batching(message, values, where)
    sizes = tuple(message.allowed_batch_sizes)
    parameters = BatchingParameters(**values, allowed_batch_sizes=sizes)
    if sizes and list(sizes) != sorted(set(sizes)):
        raise invalid_argument(
            f"{where}: allowed_batch_sizes entries must be monotonically increasing"
        )
    if sizes and sizes[-1] != parameters.max_batch_size:
        raise invalid_argument(
            f"{where}: Last entry in allowed_batch_sizes must match max_batch_size; last entry was "
            f"{sizes[-1]}; expected {parameters.max_batch_size}"
        )
    return parameters


def _check_batching(message: Any, values: dict[str, Any], where: str) -> None:
    if message.pad_variable_length_inputs or message.HasField("max_execution_batch_size"):
        raise invalid_argument(
            f"{where}: pad_variable_length_inputs and max_execution_batch_size "
            "are not supported; TensorFlow Serving has them"
        )
    sizes = message.allowed_batch_sizes
    wrong = [f"allowed_batch_sizes: {size}" for size in sizes if size < 1]
    for name, value in values.items():
        least = 1 if name in ("max_batch_size", "max_enqueued_batches") else 0
        if value < least:
            wrong.append(f"{name}: {value}")
    if wrong:
        raise invalid_argument(
            f"{where}: expected max_batch_size, max_enqueued_batches and "
            f"allowed_batch_sizes >= 1 and no negative number, received {', '.join(wrong)}"
        )


def parse_monitoring_config(text: str) -> str | None:
    """Reads a MonitoringConfig; returns the path of the metrics page, None if it is off."""
    message = _parse(text, _new_message("MonitoringConfig"), "monitoring_config_file")
    if not message.prometheus_config.enable:
        return None
    return message.prometheus_config.path or DEFAULT_METRICS_PATH


def parse_ssl_config(text: str) -> PemTexts:
    """Reads an SSLConfig file, in which keys and certificates themselves stand.

    Raises:
      ServingError: The text is not what TF Serving takes, or something that gRPC needs is missing.
    """
    message = _parse(text, _new_message("SSLConfig"), "ssl_config_file")
    needed = ["server_key", "server_cert", *(["custom_ca"] if message.client_verify else [])]
    missing = [name for name in needed if not getattr(message, name)]
    if missing:
        raise invalid_argument(
            f"ssl_config_file: expected PEM texts in {', '.join(needed)}, received nothing in "
            f"{', '.join(missing)}"
        )
    pems = PemTexts(
        certificate=message.server_cert.encode(),
        private_key=message.server_key.encode(),
        # Without client_verify no client is asked for a certificate.
        client_ca=message.custom_ca.encode() if message.client_verify else None,
    )
    check_pem_texts(pems, where="ssl_config_file")
    return pems


def _parse(text: str, message: Any, where: str) -> Any:
    try:
        return text_format.Parse(text, message)
    except text_format.ParseError as error:
        # Scripts look for TF Serving's words.
        kind = message.DESCRIPTOR.full_name
        raise ServingError(
            Code.INVALID_ARGUMENT, f"{where}: Error parsing text-format {kind}: {error}"
        ) from error


# tensorflow-serving-api leaves out the three files that describe these messages, so the fields
# that are read here are listed again (session_bundle_config.proto, monitoring_config.proto,
# ssl_config.proto).
_MESSAGES: dict[str, Sequence[tuple[str, int, str]]] = {
    "Int64Value": [("value", 1, "int64")],
    "BoolValue": [("value", 1, "bool")],
    "StringValue": [("value", 1, "string")],
    "BatchingParameters": [
        ("max_batch_size", 1, "Int64Value"),
        ("batch_timeout_micros", 2, "Int64Value"),
        ("max_enqueued_batches", 3, "Int64Value"),
        ("num_batch_threads", 4, "Int64Value"),
        ("thread_pool_name", 5, "StringValue"),
        ("allowed_batch_sizes", 6, "repeated int64"),
        ("pad_variable_length_inputs", 7, "bool"),
        ("enable_large_batch_splitting", 8, "BoolValue"),
        ("max_execution_batch_size", 9, "Int64Value"),
    ],
    "PrometheusConfig": [("enable", 1, "bool"), ("path", 2, "string")],
    "MonitoringConfig": [("prometheus_config", 1, "PrometheusConfig")],
    "SSLConfig": [
        ("server_key", 1, "string"),
        ("server_cert", 2, "string"),
        ("custom_ca", 3, "string"),
        ("client_verify", 4, "bool"),
    ],
}
_PACKAGE = "tensorflow.serving"
_SCALARS = {
    "int64": FieldDescriptorProto.TYPE_INT64,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "string": FieldDescriptorProto.TYPE_STRING,
}


def _new_message(name: str) -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="serving/configuration.proto", package=_PACKAGE, syntax="proto3"
    )
    for message_name, fields in _MESSAGES.items():
        message = file.message_type.add(name=message_name)
        for field_name, number, kind in fields:
            repeated, scalar = kind.startswith("repeated "), kind.removeprefix("repeated ")
            entry = message.field.add(
                name=field_name,
                number=number,
                label=FieldDescriptorProto.LABEL_REPEATED
                if repeated
                else FieldDescriptorProto.LABEL_OPTIONAL,
            )
            if scalar in _SCALARS:
                entry.type = _SCALARS[scalar]
            else:
                entry.type, entry.type_name = (
                    FieldDescriptorProto.TYPE_MESSAGE,
                    f".{_PACKAGE}.{kind}",
                )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))()
