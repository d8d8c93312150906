"""Reads examples of a split, many at a time."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from modules.features import IMAGE_KEY, LABEL_KEY

_READ_AT_ONCE = 1000
_SPEC = {
    IMAGE_KEY: tf.io.FixedLenFeature([], tf.string),
    LABEL_KEY: tf.io.FixedLenFeature([], tf.int64),
}


class Examples(NamedTuple):
    """Some examples, in the order of the split.

    Attributes:
      records: As they are stored, string [n].
      images: Their pixels, bytes [n].
      labels: int64 [n].
    """

    records: tf.Tensor
    images: npt.NDArray[np.object_]
    labels: npt.NDArray[np.int64]


def read_examples(file_pattern: str, *, most: int = -1) -> Iterator[Examples]:
    """Yields the examples of a split.

    Args:
      file_pattern: The split's gzip TFRecord shards.
      most: Not more than so many of them; -1 for all.
    """
    files = sorted(tf.io.gfile.glob(file_pattern))
    dataset = tf.data.TFRecordDataset(files, compression_type="GZIP").take(most)
    for records in dataset.batch(_READ_AT_ONCE):
        parsed = tf.io.parse_example(records, _SPEC)
        yield Examples(records, parsed[IMAGE_KEY].numpy(), parsed[LABEL_KEY].numpy())
