"""Replays the requests that a model brings along, so that its first client need not wait.

https://www.tensorflow.org/tfx/serving/saved_model_warmup
"""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving.errors import Code, ServingError, invalid_argument
from serving.inference import calls, classification
from serving.proto_messages.examples import serialize_input
from serving.proto_messages.tensors import Limits, parse_tensor_protos
from serving.saved_model.servable import Servable

WARMUP_PATH = "assets.extra/tf_serving_warmup_requests"
MAX_RECORDS = 1000


def replay_warmup_requests(servable: Servable, model_path: str, *, iterations: int = 1) -> int:
    """Sends each recorded request; returns how many records there are, 0 if there is no file.

    Raises:
      ServingError: The file is no TFRecord of PredictionLog, has too many records, or the model
        can't answer one.
    """
    path = f"{model_path}/{WARMUP_PATH}"
    if not tf.io.gfile.exists(path):
        return 0
    num_records = 0
    for record in _read(path):
        num_records += 1
        if num_records > MAX_RECORDS:
            raise invalid_argument(
                f"Number of warmup records exceeds the maximum ({MAX_RECORDS}) at {path}"
            )
        for _ in range(iterations):
            _replay(servable, record)
    return num_records


def _read(path: str) -> Iterator[Any]:
    try:
        for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
            yield prediction_log_pb2.PredictionLog.FromString(record)
    except tf.errors.DataLossError as error:
        raise ServingError(
            Code.DATA_LOSS,
            f"{error.message}. Please verify your warmup data is in TFRecord format.",
        ) from error
    except ValueError as error:  # protobuf's DecodeError is one
        raise invalid_argument(f"Failed to parse warmup record from {path}") from error


def _replay(servable: Servable, log: Any) -> None:
    signatures = servable.signatures
    match log.WhichOneof("log_type"):
        case "predict_log":
            request = log.predict_log.request
            arrays = parse_tensor_protos(request.inputs, Limits())
            call = calls.prepare_predict(signatures, request.model_spec.signature_name, arrays)
            servable.run(call.signature_name, call.inputs)
        case "classify_log":
            request = log.classify_log.request
            call = calls.prepare_classify(
                signatures, request.model_spec.signature_name, serialize_input(request.input)
            )
            outputs = servable.run(call.signature_name, call.inputs)
            classification.read_classes(outputs, call.num_rows)
        case "regress_log":
            request = log.regress_log.request
            call = calls.prepare_regress(
                signatures, request.model_spec.signature_name, serialize_input(request.input)
            )
            outputs = servable.run(call.signature_name, call.inputs)
            classification.read_regressions(outputs, call.num_rows)
        case "multi_inference_log":
            request = log.multi_inference_log.request
            tasks = [
                calls.Task(task.model_spec.signature_name, task.method_name)
                for task in request.tasks
            ]
            examples = serialize_input(request.input)
            for call in calls.prepare_tasks(signatures, tasks, examples):
                servable.run(call.signature_name, call.inputs)
        case None:
            pass
        case other:
            raise ServingError(Code.UNIMPLEMENTED, f"Unsupported log_type for warmup: {other}")
