"""The preprocessing, as it comes out of tf.Transform's graph."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft

Features = dict[str, tf.Tensor]

RAMP = np.arange(2 * 784).reshape(2, 784).astype(np.uint8)


@pytest.fixture(scope="module")
def transform(transform_graph: Path) -> Callable[[Features], Features]:
    return tft.TFTransformOutput(str(transform_graph)).transform_features_layer()


def raw_images(*images: bytes) -> Features:
    return {"image": tf.reshape(tf.constant(list(images), tf.string), [-1, 1])}


def test_pixels_keep_their_place_and_are_scaled_to_one(transform: Callable[[Features], Features]):
    transformed = transform(raw_images(*(row.tobytes() for row in RAMP)))["image_xf"]

    assert transformed.dtype == tf.float32
    np.testing.assert_allclose(transformed, RAMP.reshape(2, 28, 28, 1) / 255, rtol=1e-6)


def test_label_passes_through_as_a_number_for_each_image(
    transform: Callable[[Features], Features],
):
    raw = {**raw_images(bytes(784), bytes(784)), "label": tf.constant([[7], [0]], tf.int64)}

    transformed = transform(raw)["label_xf"]

    assert transformed.dtype == tf.int64
    assert transformed.numpy().tolist() == [7, 0]


def test_batch_without_images_stays_empty(transform: Callable[[Features], Features]):
    assert transform(raw_images())["image_xf"].shape == (0, 28, 28, 1)


def test_four_quarter_images_do_not_pass_as_one(transform: Callable[[Features], Features]):
    with pytest.raises(tf.errors.InvalidArgumentError, match="784 values"):
        transform(raw_images(*4 * [bytes(196)]))


def test_two_transformed_features_and_no_other(transform_graph: Path):
    spec = tft.TFTransformOutput(str(transform_graph)).transformed_feature_spec()

    assert set(spec) == {"image_xf", "label_xf"}
