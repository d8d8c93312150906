"""Random shifts, turns and zooms of training images, as a pure function of a seed.

It runs in the input pipeline, not in the model: the exported graph holds no random operation, and
the images of a step are the same however many devices share it and after any restart.
"""

import tensorflow as tf

_MAX_SHIFT = 2 / 28  # of a side: MNIST's by two pixels
_MAX_TURN_RADIANS = 0.2
_MAX_ZOOM = 0.12


def augment(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Moves each image by a random affine transform of its own; the new border is zero.

    Args:
      images: float32 [batch, height, width, channels].
      seed: int64 [2]; the same seed gives the same transforms.

    Returns:
      The moved images, of the same shape.
    """
    height, width = images.shape[1], images.shape[2]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=_random_transforms(tf.shape(images)[0], height, width, seed),
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def _random_transforms(
    num_images: tf.Tensor, height: int, width: int, seed: tf.Tensor
) -> tf.Tensor:
    """Returns float32 [num_images, 8]: a0 a1 a2 b0 b1 b2 0 0 for each image.

    The pixel (x, y) of the result is read from (a0 x + a1 y + a2, b0 x + b1 y + b2). Turn and zoom
    are about the middle of the image.
    """
    random = tf.random.stateless_uniform([4, num_images], seed, minval=-1.0, maxval=1.0)
    turn = _MAX_TURN_RADIANS * random[0]
    zoom = 1.0 + _MAX_ZOOM * random[1]
    shift_x, shift_y = _MAX_SHIFT * width * random[2], _MAX_SHIFT * height * random[3]
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    cos, sin = zoom * tf.cos(turn), zoom * tf.sin(turn)
    zero = tf.zeros_like(cos)
    return tf.stack(
        [
            cos,
            -sin,
            middle_x - cos * middle_x + sin * middle_y + shift_x,
            sin,
            cos,
            middle_y - sin * middle_x - cos * middle_y + shift_y,
            zero,
            zero,
        ],
        axis=1,
    )
