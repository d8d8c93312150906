"""Writes rows as tf.Examples."""

import math
import uuid
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tfx.dsl.io import fileio

from components.data_sets.rows import RowBlock
from modules import features
from modules.data_spec import MAX_PIXEL

# MNIST's shards take a third of the CPU time of the default level, and a tenth more space.
_TFRECORD_OPTIONS = tf.io.TFRecordOptions(compression_type="GZIP", compression_level=1)


def serialize_rows(block: RowBlock, rows: npt.NDArray[np.intp]) -> Iterator[bytes]:
    """Yields a serialized tf.Example for each of the chosen rows.

    Args:
      block: Images and labels.
      rows: Which of the block's rows, int [chosen].
    """
    _, height, width, *_ = block.images.shape
    values = math.prod(block.images.shape[1:])
    pixels = block.images[rows].reshape(len(rows), values)
    mean_intensity = pixels.sum(axis=1, dtype=np.uint64) / (MAX_PIXEL * values)
    ink_fraction = np.count_nonzero(pixels, axis=1) / values

    # One Example is filled again for each row: a new one would take six times as long.
    example = tf.train.Example()
    feature = example.features.feature
    feature[features.HEIGHT_KEY].int64_list.value.append(height)
    feature[features.WIDTH_KEY].int64_list.value.append(width)
    image_value = feature[features.IMAGE_KEY].bytes_list.value
    label_value = feature[features.LABEL_KEY].int64_list.value
    mean_intensity_value = feature[features.MEAN_INTENSITY_KEY].float_list.value
    ink_fraction_value = feature[features.INK_FRACTION_KEY].float_list.value
    for position, label in enumerate(block.labels[rows].tolist()):
        image_value[:] = [pixels[position].tobytes()]
        label_value[:] = [label]
        mean_intensity_value[:] = [mean_intensity[position]]
        ink_fraction_value[:] = [ink_fraction[position]]
        yield example.SerializeToString(deterministic=True)


def write_shard(records: Iterator[bytes], shard_path: str, *, temporary_dir: str) -> None:
    """Writes a gzip TFRecord file, under its name only once it is complete.

    Args:
      records: Serialized tf.Examples.
      shard_path: Where the file goes, in an existing folder; an older file there is replaced.
      temporary_dir: An existing folder on the same file system, where it is written first.
    """
    # A runner may start the same work twice, so the temporary name is never shared.
    temporary_path = f"{temporary_dir}/{uuid.uuid4().hex}"
    with tf.io.TFRecordWriter(temporary_path, _TFRECORD_OPTIONS) as writer:
        for record in records:
            writer.write(record)
    fileio.rename(temporary_path, shard_path, overwrite=True)
