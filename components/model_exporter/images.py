"""Draws images from examples by a hash of their pixels."""

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from modules.data_spec import PIXEL_TYPE
from modules.features import IMAGE_KEY

NUM_TEST_IMAGES = 1000
"""On how many images an exported file is compared with the SavedModel."""

NUM_CALIBRATION_IMAGES = 300
"""How many an int8 model's ranges come from: more gave the same differences."""

_READ_AT_ONCE = 1000


def read_images(file_pattern: str, image_shape: Sequence[int]) -> Iterator[npt.NDArray[np.uint8]]:
    """Yields the images of a split's gzip TFRecord shards, uint8 [n, *image_shape] each."""
    files = sorted(tf.io.gfile.glob(file_pattern))
    spec = {IMAGE_KEY: tf.io.FixedLenFeature([], tf.string)}
    for records in tf.data.TFRecordDataset(files, compression_type="GZIP").batch(_READ_AT_ONCE):
        pixels = tf.io.decode_raw(tf.io.parse_example(records, spec)[IMAGE_KEY], PIXEL_TYPE)
        yield pixels.numpy().reshape(-1, *image_shape)


def draw_images(
    batches: Iterable[npt.NDArray[np.uint8]], count: int, image_shape: Sequence[int]
) -> npt.NDArray[np.uint8]:
    """Returns those with the lowest hashes: the same ones in whichever order they are read.

    Args:
      batches: All images, uint8 [n, *image_shape] each.
      count: How many to draw; fewer are returned if there are fewer.
      image_shape: Of one image.
    """
    pixels = (image.tobytes() for images in batches for image in images)
    drawn = heapq.nsmallest(count, pixels, key=lambda image: hashlib.sha256(image).digest())
    return np.frombuffer(b"".join(drawn), PIXEL_TYPE).reshape(-1, *image_shape)
