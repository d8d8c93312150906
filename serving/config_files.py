"""TF Serving's text files: the models to serve, batching, monitoring (no TensorFlow)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf.descriptor_pb2 import FieldDescriptorProto
from tensorflow_serving.config import model_server_config_pb2

from serving.errors import Code, ServingError, invalid_argument
from serving.models.config import ModelConfig, read_model_configs

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


def parse_model_server_config(text: str, *, where: str = "model_config_file") -> list[ModelConfig]:
    """Reads a ModelServerConfig in protobuf's text form.

    Raises:
      ServingError: The text or a value in it is not what TF Serving takes.
    """
    return read_model_configs(_parse(text, model_server_config_pb2.ModelServerConfig(), where))


def parse_batching_parameters(text: str) -> BatchingParameters:
    """Reads a BatchingParameters file.

    Raises:
      ServingError: The text or a value in it is not what TF Serving takes.
    """
    message = _parse(text, _new_message("BatchingParameters"), "batching_parameters_file")
    values: dict[str, Any] = {
        name: getattr(message, name).value
        for name in BatchingParameters.__dataclass_fields__
        if name != "allowed_batch_sizes" and message.HasField(name)
    }
    _check_batching(message, values)
    sizes = tuple(message.allowed_batch_sizes)
    parameters = BatchingParameters(**values, allowed_batch_sizes=sizes)
    if sizes and list(sizes) != sorted(set(sizes)):
        raise invalid_argument("allowed_batch_sizes entries must be monotonically increasing")
    if sizes and sizes[-1] != parameters.max_batch_size:
        raise invalid_argument(
            "Last entry in allowed_batch_sizes must match max_batch_size; last entry was "
            f"{sizes[-1]}; expected {parameters.max_batch_size}"
        )
    return parameters


def _check_batching(message: Any, values: dict[str, Any]) -> None:
    if message.pad_variable_length_inputs or message.HasField("max_execution_batch_size"):
        raise invalid_argument(
            "batching_parameters_file: pad_variable_length_inputs and max_execution_batch_size "
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
            "batching_parameters_file: expected max_batch_size, max_enqueued_batches and "
            f"allowed_batch_sizes >= 1 and no negative number, received {', '.join(wrong)}"
        )


def parse_monitoring_config(text: str) -> str | None:
    """Reads a MonitoringConfig; returns the path of the metrics page, None if it is off."""
    message = _parse(text, _new_message("MonitoringConfig"), "monitoring_config_file")
    if not message.prometheus_config.enable:
        return None
    return message.prometheus_config.path or DEFAULT_METRICS_PATH


def _parse(text: str, message: Any, where: str) -> Any:
    try:
        return text_format.Parse(text, message)
    except text_format.ParseError as error:
        raise ServingError(
            Code.INVALID_ARGUMENT, f"{where}: is no {message.DESCRIPTOR.name}: {error}"
        ) from error


# tensorflow-serving-api leaves out the two files that describe these messages, so the fields
# that are read here are listed again (session_bundle_config.proto, monitoring_config.proto).
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
}
_SCALARS = {
    "int64": FieldDescriptorProto.TYPE_INT64,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "string": FieldDescriptorProto.TYPE_STRING,
}


def _new_message(name: str) -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="serving/configuration.proto", package="serving", syntax="proto3"
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
                entry.type, entry.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".serving.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"serving.{name}"))()
