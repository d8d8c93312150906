"""Examples and a model that tests can work out in their heads."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import tensorflow as tf

from modules.data_spec import DataSpec
from modules.features import IMAGE_KEY, LABEL_KEY, PROBABILITIES_KEY

NUM_CLASSES = 3


class FirstPixels(tf.Module):
    """Takes the first pixels of an image, as shares of 100, for its probabilities."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve_default(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        features = tf.io.parse_example(examples, {IMAGE_KEY: tf.io.FixedLenFeature([], tf.string)})
        pixels = tf.io.decode_raw(features[IMAGE_KEY], tf.uint8)
        return {PROBABILITIES_KEY: tf.cast(pixels[:, :NUM_CLASSES], tf.float32) / 100}


def save_model(folder: Path) -> str:
    """Saves the model, and returns its folder."""
    model = FirstPixels()
    tf.saved_model.save(model, str(folder), {"serving_default": model.serve_default})
    return str(folder)


def write_examples(path: Path, rows: Iterable[tuple[int, tuple[int, int, int]]]) -> str:
    """Writes a shard, and returns its path.

    Args:
      path: The file.
      rows: Label, and what the model makes of the image in percent, for each.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions(compression_type="GZIP")) as writer:
        for label, percents in rows:
            pixels = np.zeros(DataSpec().image_shape, np.uint8)
            pixels.flat[:NUM_CLASSES] = percents
            image = tf.train.Feature(bytes_list=tf.train.BytesList(value=[pixels.tobytes()]))
            number = tf.train.Feature(int64_list=tf.train.Int64List(value=[label]))
            features = tf.train.Features(feature={IMAGE_KEY: image, LABEL_KEY: number})
            writer.write(tf.train.Example(features=features).SerializeToString())
    return str(path)
