"""How a raw example becomes what the model is fed: the one definition of it, for all uses."""

from typing import Any

import tensorflow as tf

from modules.features import IMAGE_KEY, IMAGE_SHAPE, LABEL_KEY, transformed_name


def scale_pixels(pixels: tf.Tensor) -> tf.Tensor:
    """Scales pixels to the range of the model's input.

    Args:
      pixels: uint8 [batch, 28, 28], 0 to 255.

    Returns:
      float32 [batch, 28, 28, 1], 0 to 1.
    """
    return tf.expand_dims(tf.cast(pixels, tf.float32) / 255.0, axis=-1)


def preprocessing_fn(
    inputs: dict[str, tf.Tensor],
    custom_config: dict[str, Any] | None = None,  # noqa: ARG001 - only its digest matters
) -> dict[str, tf.Tensor]:
    """Turns raw features into transformed ones; Transform saves this as a graph.

    There is no full-pass analyzer, so Transform need not read the data at all.

    Args:
      inputs: The raw features by name, as the schema describes them: `image`, bytes [batch] or
        [batch, 1], and `label`, int64 of the same shape.
      custom_config: Not used here: it carries the digest of this code into Transform's cache key.

    Returns:
      `image_xf`: float32 [batch, 28, 28, 1], 0 to 1, and `label_xf`: int64 [batch].
    """
    images = tf.reshape(inputs[IMAGE_KEY], [-1])
    # The size of the batch is spelled out: with -1, four quarter-size images would pass as one.
    pixels = tf.reshape(tf.io.decode_raw(images, tf.uint8), [tf.size(images), *IMAGE_SHAPE])
    return {
        transformed_name(IMAGE_KEY): scale_pixels(pixels),
        transformed_name(LABEL_KEY): tf.reshape(inputs[LABEL_KEY], [-1]),
    }
