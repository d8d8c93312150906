"""The network, its learning rate and the augmentation of its input."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from modules.augmentation import augment
from modules.data_spec import DataSpec
from modules.hyperparameters import Hyperparameters
from modules.model import build_model, compile_model

DOT = np.zeros((200, 28, 28, 1), np.float32)
DOT[:, 13:15, 13:15] = 1.0


def seed(number: int) -> tf.Tensor:
    return tf.constant([number, 0], tf.int64)


def test_model_gives_one_logit_for_each_class():
    model = build_model(Hyperparameters(filters=2), DataSpec(num_classes=47))

    assert model(DOT[:3]).shape == (3, 47)


def test_default_model_is_small():
    assert build_model(Hyperparameters(), DataSpec()).count_params() == 54_106


def test_same_seed_gives_the_same_first_weights():
    models = []
    for _ in range(2):
        keras.utils.set_random_seed(7)
        models.append(build_model(Hyperparameters(filters=2), DataSpec()))

    for one, other in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_dropout_is_for_training_only():
    model = build_model(Hyperparameters(filters=2, dropout=0.5), DataSpec())

    np.testing.assert_array_equal(model(DOT[:3]), model(DOT[:3]))


def test_few_steps_are_enough_for_the_statistics_that_a_model_is_asked_with():
    images = np.random.default_rng(0).random((64, 28, 28, 1), np.float32)
    keras.utils.set_random_seed(1)
    model = build_model(Hyperparameters(filters=2), DataSpec())

    for _ in range(80):
        of_this_batch = model(images, training=True)

    np.testing.assert_allclose(model(images), of_this_batch, atol=0.05)


def test_learning_rate_makes_one_cycle():
    hyperparameters = Hyperparameters(filters=2, epochs=10, learning_rate=0.5)
    model = build_model(hyperparameters, DataSpec())

    compile_model(model, hyperparameters, steps_per_epoch=10)

    schedule = model.optimizer._learning_rate  # noqa: SLF001 - Keras shows only its present value
    rates = [float(schedule(step)) for step in range(101)]
    assert rates[0] == pytest.approx(0.02)
    assert int(np.argmax(rates)) == 30
    assert rates[30] == pytest.approx(0.5)
    assert rates[100] == pytest.approx(0.0, abs=1e-6)


def test_learning_rate_follows_the_rule_for_replicas():
    hyperparameters = Hyperparameters(
        filters=2, epochs=10, learning_rate=0.1, learning_rate_scaling="linear"
    )
    model = build_model(hyperparameters, DataSpec())

    compile_model(model, hyperparameters, steps_per_epoch=10, num_replicas=4)

    schedule = model.optimizer._learning_rate  # noqa: SLF001 - as above
    assert float(schedule(30)) == pytest.approx(0.4)


def test_augmentation_follows_from_the_seed():
    np.testing.assert_array_equal(augment(DOT, seed(1)), augment(DOT, seed(1)))


def test_another_seed_moves_images_otherwise():
    assert np.abs(augment(DOT, seed(1)) - augment(DOT, seed(2))).max() > 0.1


def test_every_image_of_a_batch_is_moved_by_itself():
    images = augment(DOT, seed(1)).numpy()

    assert len({image.tobytes() for image in images}) == len(images)


def test_augmentation_keeps_the_range_of_pixels():
    images = np.random.default_rng(0).random((50, 28, 28, 1), np.float32)

    augmented = augment(images, seed(3)).numpy()

    assert augmented.shape == images.shape
    assert augmented.min() >= 0.0
    assert augmented.max() <= 1.0


def test_the_middle_moves_two_pixels_at_most_and_in_all_directions():
    images = augment(DOT, seed(4)).numpy()[..., 0]

    rows, columns = np.mgrid[:28, :28]
    ink = images.sum(axis=(1, 2))
    down = (images * rows).sum(axis=(1, 2)) / ink - 13.5
    right = (images * columns).sum(axis=(1, 2)) / ink - 13.5
    for shift in (down, right):
        # A shift of 2 pixels of the source is up to 2 / 0.88 * (cos + sin 0.2) of the result.
        assert np.abs(shift).max() <= 2 / 0.88 * 1.2
        assert shift.min() < -1.5
        assert shift.max() > 1.5
