"""A model of pictures in colour that needs no training: it tells which colour they have most of."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from modules.data_spec import DataSpec
from support.mnist_model import save_model

COLOURS = DataSpec(
    height=24, width=32, channels=3, class_names=("red", "green", "sky blue", "dark")
)
"""What its pictures and classes are."""

# From the mean of red, green and blue to the logits of the classes.
_WEIGHTS = np.array([[20.0, -10, -10, 0], [-10, 20, -10, 0], [-10, -10, 20, 0]])
_BIASES = np.array([0.0, 0, 0, 2])


def save_colour_model(folder: Path, scratch: Path, data: DataSpec = COLOURS) -> Path:
    """Writes the SavedModel and returns its folder."""
    inputs = keras.Input(data.model_shape, name="image_xf")
    means = keras.layers.GlobalAveragePooling2D()(inputs)
    layer = keras.layers.Dense(len(data.labels))
    model = keras.Model(inputs, layer(means))
    layer.set_weights([_WEIGHTS[: data.channels], _BIASES])
    return save_model(model, folder, scratch, data)


class _Nameless(tf.Module):
    """As models were exported before they said what their classes are called."""

    @tf.function(
        input_signature=[tf.TensorSpec([None, *COLOURS.image_shape], tf.uint8, name="images")]
    )
    def serve_images(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        means = tf.reduce_mean(tf.cast(images, tf.float32) / 255.0, axis=[1, 2])
        logits = means @ tf.constant(_WEIGHTS, tf.float32) + tf.constant(_BIASES, tf.float32)
        return {"probabilities": tf.nn.softmax(logits), "classes": tf.argmax(logits, axis=1)}


def save_nameless_model(folder: Path) -> Path:
    """Writes a SavedModel that answers the same, without names, and returns its folder."""
    model = _Nameless()
    tf.saved_model.save(model, str(folder), {"serve_images": model.serve_images})
    return folder


def paint(red: int, green: int, blue: int) -> np.ndarray:
    """Returns a picture in one colour, uint8 of the shape that the model takes."""
    return np.full(COLOURS.image_shape, (red, green, blue), np.uint8)
