"""The signature `classify`: the names of the classes, from the model itself."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.saved_model import fingerprinting_utils

from modules.data_spec import DataSpec
from support.serving.colour_model import COLOURS, paint, save_colour_model
from support.trainings import serialize_example

PICTURES = np.stack([paint(200, 20, 30), paint(10, 60, 240), paint(5, 5, 5)])
EXAMPLES = tf.constant([serialize_example(image=picture.tobytes()) for picture in PICTURES])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("export")
    return save_colour_model(root / "model", root / "scratch")


@pytest.fixture(scope="module")
def exported(folder: Path) -> tf.Module:
    return tf.saved_model.load(str(folder))


def read_signature_defs(folder: Path) -> dict[str, object]:
    saved_model = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    [graph] = saved_model.meta_graphs
    return dict(graph.signature_def)


def test_each_class_is_called_by_its_name_in_the_order_of_the_labels(exported: tf.Module):
    answer = exported.signatures["classify"](inputs=EXAMPLES)

    names = [name.encode() for name in COLOURS.class_names]
    assert answer["classes"].numpy().tolist() == [names] * 3
    likeliest = answer["scores"].numpy().argmax(axis=1)
    assert [names[label] for label in likeliest] == [b"red", b"sky blue", b"dark"]


def test_scores_are_the_probabilities_that_other_signatures_give(exported: tf.Module):
    scores = exported.signatures["classify"](inputs=EXAMPLES)["scores"]

    images = exported.signatures["serve_images"](images=PICTURES)
    examples = exported.signatures["serving_default"](examples=EXAMPLES)
    np.testing.assert_array_equal(scores, images["probabilities"])
    np.testing.assert_array_equal(scores, examples["probabilities"])


def test_a_class_without_a_name_is_called_by_its_number(tmp_path: Path):
    numbered = COLOURS.model_copy(update={"class_names": ()})
    folder = save_colour_model(tmp_path / "model", tmp_path / "scratch", numbered)

    answer = tf.saved_model.load(str(folder)).signatures["classify"](inputs=EXAMPLES[:1])

    assert answer["classes"].numpy().tolist() == [[b"0", b"1", b"2", b"3"]]


def test_names_are_text_in_any_language(tmp_path: Path):
    names = ("rojo", "grün", "небо", "暗い 🌑")
    data = DataSpec.model_validate({**COLOURS.model_dump(), "class_names": names})
    folder = save_colour_model(tmp_path / "model", tmp_path / "scratch", data)

    answer = tf.saved_model.load(str(folder)).signatures["classify"](inputs=EXAMPLES[:1])

    assert [name.decode() for name in answer["classes"].numpy()[0]] == list(names)


def test_it_alone_says_that_it_classifies(folder: Path):
    methods = {
        name: signature.method_name for name, signature in read_signature_defs(folder).items()
    }

    assert methods.pop("classify") == tf.saved_model.CLASSIFY_METHOD_NAME
    assert methods.pop("__saved_model_init_op") == ""
    assert methods == dict.fromkeys(
        ("serving_default", "serve_images", "transform_features"),
        tf.saved_model.PREDICT_METHOD_NAME,
    )


def test_the_fingerprint_is_that_of_the_file_as_it_is(folder: Path):
    of_the_model = fingerprinting_utils.singleprint_from_saved_model_proto(str(folder))

    assert fingerprinting_utils.singleprint_from_fingerprint_proto(str(folder)) == of_the_model
