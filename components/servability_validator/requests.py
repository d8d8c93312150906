"""Builds the requests that prove a model, which TF Serving also replays to warm it up."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from modules.data_spec import PIXEL_TYPE, DataSpec
from modules.features import IMAGE_KEY

# Where TF Serving looks for them: https://www.tensorflow.org/tfx/serving/saved_model_warmup
WARMUP_PATH = "assets.extra/tf_serving_warmup_requests"


class Rows(NamedTuple):
    """What one request asks about, in the two forms that a signature can take it.

    Attributes:
      records: Serialized tf.Examples.
      images: uint8 [rows, *data.image_shape], the images of the same rows.
    """

    records: list[bytes]
    images: npt.NDArray[np.uint8]


def read_rows(file_pattern: str, count: int, data: DataSpec) -> Rows:
    """Reads the first `count` rows of a split's gzip TFRecord shards; fewer if it has fewer."""
    files = sorted(tf.io.gfile.glob(file_pattern))
    dataset = tf.data.TFRecordDataset(files, compression_type="GZIP").take(count)
    records = list(dataset.as_numpy_iterator())
    pixels = np.frombuffer(b"".join(map(_pixels_of, records)), PIXEL_TYPE)
    return Rows(records, pixels.reshape(-1, *data.image_shape))


def make_request(
    model_name: str, signature: str, spec: tf.TensorSpec, rows: Rows
) -> predict_pb2.PredictRequest:
    """Asks `signature` about `rows`, in the form of its one input.

    Raises:
      ValueError: The input is neither serialized tf.Examples nor uint8 images.
    """
    if spec.dtype == tf.string:
        values = tf.constant(rows.records)
    elif spec.dtype == tf.uint8:
        values = tf.constant(rows.images)
    else:
        raise ValueError(
            f"signature {signature!r}: expected an input of serialized tf.Examples (string) or "
            f"images (uint8), received {spec.name} of type {spec.dtype.name}"
        )
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model_name
    request.model_spec.signature_name = signature
    request.inputs[spec.name].CopyFrom(tf.make_tensor_proto(values))
    return request


def write_warmup_file(path: str, requests: Sequence[predict_pb2.PredictRequest]) -> None:
    """Writes `requests` as TF Serving's warmup file: a TFRecord of PredictionLog."""
    tf.io.gfile.makedirs(path.rpartition("/")[0])
    with tf.io.TFRecordWriter(path) as writer:
        for request in requests:
            log = prediction_log_pb2.PredictionLog(
                predict_log=prediction_log_pb2.PredictLog(request=request)
            )
            writer.write(log.SerializeToString())


def serialize_images(images: npt.NDArray[np.uint8]) -> list[bytes]:
    """Returns a tf.Example for each image that holds nothing but the image, as clients send it."""
    return [
        tf.train.Example(
            features=tf.train.Features(
                feature={
                    IMAGE_KEY: tf.train.Feature(
                        bytes_list=tf.train.BytesList(value=[image.tobytes()])
                    )
                }
            )
        ).SerializeToString()
        for image in images
    ]


def _pixels_of(record: bytes) -> bytes:
    features = tf.train.Example.FromString(record).features
    pixels: bytes = features.feature[IMAGE_KEY].bytes_list.value[0]
    return pixels
