"""How a raw example becomes what the model is fed: the one definition of it, for all uses."""

from typing import Any

import tensorflow as tf

from modules.data_spec import MAX_PIXEL, PIXEL_TYPE, DataSpec, read_data_spec
from modules.features import IMAGE_KEY, LABEL_KEY, transformed_name


def scale_pixels(pixels: tf.Tensor, data: DataSpec) -> tf.Tensor:
    """Scales pixels to the range of the model's input.

    Args:
      pixels: uint8 [batch, *data.image_shape].
      data: What the images are.

    Returns:
      float32 [batch, height, width, channels], 0 to 1.
    """
    scaled = tf.cast(pixels, tf.float32) / float(MAX_PIXEL)
    return tf.expand_dims(scaled, axis=-1) if data.channels == 1 else scaled


def preprocessing_fn(
    inputs: dict[str, tf.Tensor],
    custom_config: dict[str, Any] | None = None,
) -> dict[str, tf.Tensor]:
    """Turns raw features into transformed ones; Transform saves this as a graph.

    There is no full-pass analyzer, so Transform need not read the data at all.

    Args:
      inputs: The raw features by name, as the schema describes them: `image`, bytes [batch] or
        [batch, 1], and `label`, int64 of the same shape.
      custom_config: Its `data` says what the images are, as a DataSpec. It also carries the digest
        of this code into Transform's cache key.

    Returns:
      `image_xf`: float32 [batch, height, width, channels], 0 to 1, and `label_xf`: int64 [batch].
    """
    data = read_data_spec(custom_config)
    images = tf.reshape(inputs[IMAGE_KEY], [-1])
    # The size of the batch is spelled out: with -1, four quarter-size images would pass as one.
    pixels = tf.reshape(tf.io.decode_raw(images, PIXEL_TYPE), [tf.size(images), *data.image_shape])
    return {
        transformed_name(IMAGE_KEY): scale_pixels(pixels, data),
        transformed_name(LABEL_KEY): tf.reshape(inputs[LABEL_KEY], [-1]),
    }
