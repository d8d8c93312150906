"""What the exported model answers, whichever way it is asked."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft

from modules.data_spec import DataSpec
from modules.hyperparameters import Hyperparameters
from modules.model import build_model
from modules.signatures import export_model
from support.trainings import serialize_example

IMAGES = np.random.default_rng(0).integers(0, 256, size=(5, 28, 28), dtype=np.uint8)
ONLY_IMAGES = tf.constant([serialize_example(image=image.tobytes()) for image in IMAGES])
LABELLED_IMAGES = tf.constant(
    [serialize_example(image=image.tobytes(), label=label) for label, image in enumerate(IMAGES)]
)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(1)
    return build_model(Hyperparameters(filters=2, dropout=0.5), DataSpec())


@pytest.fixture(scope="module")
def exported(
    model: keras.Model, transform_graph: Path, tmp_path_factory: pytest.TempPathFactory
) -> tf.Module:
    directory = str(tmp_path_factory.mktemp("export") / "Format-Serving")
    export_model(model, tft.TFTransformOutput(str(transform_graph)), directory, data=DataSpec())
    return tf.saved_model.load(directory)


def test_export_has_the_four_signatures(exported: tf.Module):
    assert set(exported.signatures) == {
        *("serving_default", "serve_images", "classify"),
        "transform_features",
    }


def test_an_example_with_nothing_but_an_image_is_served(exported: tf.Module):
    answer = exported.signatures["serving_default"](examples=ONLY_IMAGES)

    assert answer["probabilities"].shape == (5, 10)
    np.testing.assert_allclose(tf.reduce_sum(answer["probabilities"], axis=1), 1.0, rtol=1e-5)


def test_answers_have_the_types_that_clients_expect(exported: tf.Module):
    for signature in ("serving_default", "serve_images"):
        outputs = exported.signatures[signature].structured_outputs
        assert outputs["probabilities"] == tf.TensorSpec([None, 10], tf.float32, "probabilities")
        assert outputs["classes"] == tf.TensorSpec([None], tf.int64, "classes")


def test_classes_are_the_most_probable_ones(exported: tf.Module):
    answer = exported.signatures["serve_images"](images=IMAGES)

    np.testing.assert_array_equal(answer["classes"], np.argmax(answer["probabilities"], axis=1))


def test_images_and_examples_get_the_same_answer(exported: tf.Module):
    by_images = exported.signatures["serve_images"](images=IMAGES)["probabilities"]
    by_examples = exported.signatures["serving_default"](examples=ONLY_IMAGES)["probabilities"]

    np.testing.assert_array_equal(by_images, by_examples)


def test_export_answers_as_the_keras_model_does(exported: tf.Module, model: keras.Model):
    expected = tf.nn.softmax(model(IMAGES[..., np.newaxis] / 255.0, training=False))

    answer = exported.signatures["serve_images"](images=IMAGES)["probabilities"]

    np.testing.assert_allclose(answer, expected, atol=1e-6)


def test_transformed_features_are_what_the_model_is_fed(exported: tf.Module):
    transformed = exported.signatures["transform_features"](examples=LABELLED_IMAGES)

    np.testing.assert_allclose(transformed["image_xf"][..., 0], IMAGES / 255.0, rtol=1e-6)
    assert transformed["label_xf"].numpy().tolist() == [0, 1, 2, 3, 4]


def test_export_holds_no_random_operation(exported: tf.Module):
    operations = set()
    for signature in exported.signatures.values():
        graph = signature.graph.as_graph_def()
        operations |= {node.op for node in graph.node}
        operations |= {node.op for function in graph.library.function for node in function.node_def}

    assert {"Conv2D", "DecodeRaw"} <= operations
    assert not {name for name in operations if "Random" in name}


def test_export_to_an_existing_place_leaves_it_as_it_was(
    model: keras.Model, transform_graph: Path, tmp_path: Path
):
    directory = tmp_path / "Format-Serving"
    directory.mkdir()
    (directory / "saved_model.pb").write_text("another model")

    with pytest.raises(tf.errors.OpError):
        export_model(
            model, tft.TFTransformOutput(str(transform_graph)), str(directory), data=DataSpec()
        )

    assert (directory / "saved_model.pb").read_text() == "another model"
