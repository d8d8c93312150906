"""The signatures of the exported model: what a server, TFMA or a converter can call."""

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow.python.saved_model.fingerprinting_utils import write_fingerprint

from modules.data_spec import PIXEL_TYPE, DataSpec
from modules.features import (
    CLASSES_KEY,
    IMAGE_KEY,
    LABEL_KEY,
    PROBABILITIES_KEY,
    SCORES_KEY,
    transformed_name,
)
from modules.folders import rename_folder
from modules.preprocessing import scale_pixels

_CLASSIFY = "classify"

_EXAMPLES_SPEC = tf.TensorSpec([None], tf.string, name="examples")
# Named as TensorFlow Serving's Classify wants it.
_INPUTS_SPEC = tf.TensorSpec([None], tf.string, name=tf.saved_model.CLASSIFY_INPUTS)


def export_model(
    model: keras.Model,
    transform_output: tft.TFTransformOutput,
    directory: str,
    *,
    data: DataSpec,
) -> None:
    """Writes the model as a SavedModel, all of it or nothing.

    Its signatures, each with the preprocessing inside:
      serving_default: serialized tf.Examples, string [batch], of which only the image is read,
        to `probabilities`, float32 [batch, num_classes], and `classes`, int64 [batch].
      serve_images: pixels, uint8 [batch, *data.image_shape], to the same.
      classify: `inputs`, the same examples, to `classes`, string [batch, num_classes], what each
        class is called, in the order of the labels, and `scores`, their probabilities, float32 of
        the same shape. TensorFlow Serving's Classify asks it.
      transform_features: serialized tf.Examples with image and label to transformed features.

    Args:
      model: From transformed images to logits.
      transform_output: The transform graph that the model was trained with.
      directory: Where the SavedModel is to be; must not exist.
      data: What the images and classes are.
    """
    feature_spec = transform_output.raw_feature_spec()
    transform_layer = transform_output.transform_features_layer()
    # Nothing in it depends on a tensor's value; see modules.examples.
    call_transform_layer = tf.autograph.experimental.do_not_convert(transform_layer)

    def predict(images: tf.Tensor) -> dict[str, tf.Tensor]:
        logits = model(images, training=False)
        return {
            PROBABILITIES_KEY: tf.nn.softmax(logits),
            CLASSES_KEY: tf.argmax(logits, axis=-1, output_type=tf.int64),
        }

    def transform(examples: tf.Tensor, keys: tuple[str, ...]) -> dict[str, tf.Tensor]:
        raw = tf.io.parse_example(examples, {key: feature_spec[key] for key in keys})
        return call_transform_layer(raw)

    def serve_examples(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        # A client has no label to send, so nothing but the image may be asked for.
        return predict(transform(examples, (IMAGE_KEY,))[transformed_name(IMAGE_KEY)])

    def serve_images(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return predict(scale_pixels(images, data))

    def classify(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        scores = serve_examples(inputs)[PROBABILITIES_KEY]
        return {
            CLASSES_KEY: tf.tile(tf.constant([data.labels]), [tf.shape(scores)[0], 1]),
            SCORES_KEY: scores,
        }

    def transform_features(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return transform(examples, (IMAGE_KEY, LABEL_KEY))

    archive = keras.export.ExportArchive()
    archive.track(model)
    # An attribute, so that the tables and files of the transform graph are exported with it.
    archive.transform_layer = transform_layer
    archive.add_endpoint("serving_default", serve_examples, [_EXAMPLES_SPEC])
    images_spec = tf.TensorSpec([None, *data.image_shape], PIXEL_TYPE, name="images")
    archive.add_endpoint("serve_images", serve_images, [images_spec])
    archive.add_endpoint(_CLASSIFY, classify, [_INPUTS_SPEC])
    archive.add_endpoint("transform_features", transform_features, [_EXAMPLES_SPEC])
    partial = f"{directory.rstrip('/')}.partial"
    archive.write_out(partial, verbose=False)
    _say_that_it_classifies(partial)
    rename_folder(partial, directory)


def _say_that_it_classifies(saved_model: str) -> None:
    """Puts the method into the signature for which TensorFlow Serving's Classify looks.

    Whatever is exported with TensorFlow 2 says `predict`.
    """
    updater = tf.compat.v1.saved_model.signature_def_utils.MethodNameUpdater(saved_model)
    updater.replace_method_name(_CLASSIFY, tf.saved_model.CLASSIFY_METHOD_NAME)
    updater.save()
    # Of the file as it is now; nothing public writes it.
    write_fingerprint(saved_model)
