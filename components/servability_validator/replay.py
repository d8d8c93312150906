"""Serves a model in a process of its own: python -m ... MODEL REQUESTS ANSWERS TIMED_CALLS.

Replays a warmup file as a model server does, and writes every answer, and how long single
requests took, to one .npz file. A model server has no Keras, so neither has this process: a model
that needs it shows here, and starting up takes half the time.
"""

import sys
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from components.child_process import child_program, say_started
from components.without_collections import without_collections

LATENCIES = "latencies_ms"
DEFAULT_SIGNATURE = "serving_default"


def answer_key(request_number: int, output: str) -> str:
    """Names the array that holds `output` of the answer to a request, in the answers' file."""
    return f"{request_number}/{output}"


def replay(model_path: str, requests_path: str, answers_path: str, timed_calls: int) -> None:
    """Loads the model, sends every request, and times the first one over and over.

    Args:
      model_path: A SavedModel.
      requests_path: TFRecord of PredictionLog; the first record is a single-row request.
      answers_path: The .npz file to write.
      timed_calls: How often the first request is sent again to measure its latency.
    """
    with without_collections():  # after Keras is ruled out
        import tensorflow as tf  # noqa: PLC0415
        from tensorflow_serving.apis import prediction_log_pb2  # noqa: PLC0415

    tf.config.list_logical_devices()  # starts its threads
    say_started()
    model = tf.saved_model.load(model_path)
    answers: dict[str, npt.NDArray[Any]] = {}
    first_call = None
    for number, record in enumerate(tf.data.TFRecordDataset(requests_path).as_numpy_iterator()):
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        signature = model.signatures[request.model_spec.signature_name]
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        for output, value in signature(**tensors).items():
            answers[answer_key(number, output)] = _to_storable(value.numpy())
        first_call = first_call or (signature, tensors)
    if first_call:
        signature, tensors = first_call
        answers[LATENCIES] = np.array([_timed(signature, tensors) for _ in range(timed_calls)])
    np.savez(answers_path, allow_pickle=False, **answers)


def _to_storable(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns strings as bytes of one length, which a file takes without pickle."""
    return values.astype(np.bytes_) if values.dtype == np.object_ else values


def _timed(signature: Any, tensors: dict[str, Any]) -> float:
    """Returns the milliseconds of one call, until its results are there."""
    started = time.perf_counter()
    for value in signature(**tensors).values():
        value.numpy()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    sys.modules["keras"] = None  # type: ignore[assignment]
    with child_program():
        replay(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
