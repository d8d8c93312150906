"""The batches that a training sees."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft

from modules.dataset import (
    count_steps,
    make_evaluation_batches,
    make_training_batches,
    read_examples,
)
from modules.hyperparameters import Hyperparameters
from support.trainings import Inputs, serialize_example

BATCH_SIZE = 32


@pytest.fixture(scope="module")
def examples(training_inputs: Inputs) -> tf.data.Dataset:
    return read_examples(
        [f"{training_inputs.examples}/Split-train/*"],
        tft.TFTransformOutput(str(training_inputs.transform_graph)),
        num_classes=10,
    )


def read_epochs(
    examples: tf.data.Dataset, *, first_epoch: int, epochs: int, **hyperparameters: object
) -> list[list[bytes]]:
    """Returns for each epoch its images, as bytes, in order."""
    batches = make_training_batches(
        examples,
        Hyperparameters.model_validate(hyperparameters),
        batch_size=BATCH_SIZE,
        first_epoch=first_epoch,
    )
    steps = count_steps(examples, batch_size=BATCH_SIZE)
    images = [
        image.tobytes() for batch, _ in batches.take(epochs * steps) for image in batch.numpy()
    ]
    per_epoch = steps * BATCH_SIZE
    return [images[start : start + per_epoch] for start in range(0, len(images), per_epoch)]


def test_examples_are_images_and_one_hot_labels(examples: tf.data.Dataset):
    images, labels = next(iter(examples.batch(1000)))

    assert images.shape == (int(examples.cardinality()), 28, 28, 1)
    np.testing.assert_array_equal(tf.reduce_sum(labels, axis=1), np.ones(len(images)))
    assert labels.shape == (len(images), 10)


def test_an_epoch_has_no_image_twice(examples: tf.data.Dataset):
    everything = Counter(image.tobytes() for image, _ in examples.as_numpy_iterator())

    [epoch] = read_epochs(examples, first_epoch=0, epochs=1, augment=False)

    assert Counter(epoch) <= everything
    assert len(everything) - len(set(epoch)) < BATCH_SIZE


def test_every_epoch_has_another_order(examples: tf.data.Dataset):
    one, other = read_epochs(examples, first_epoch=0, epochs=2, augment=False)

    assert one != other


@pytest.mark.parametrize("augment", [False, True])
def test_a_later_start_sees_what_an_uninterrupted_training_sees(
    *, examples: tf.data.Dataset, augment: bool
):
    uninterrupted = read_epochs(examples, first_epoch=0, epochs=3, augment=augment)

    resumed = read_epochs(examples, first_epoch=1, epochs=2, augment=augment)

    assert resumed == uninterrupted[1:]


def test_another_seed_gives_another_order(examples: tf.data.Dataset):
    [one] = read_epochs(examples, first_epoch=0, epochs=1, augment=False, seed=1)
    [other] = read_epochs(examples, first_epoch=0, epochs=1, augment=False, seed=5)

    assert one != other


def test_shuffle_buffer_of_one_keeps_the_order(examples: tf.data.Dataset):
    [epoch] = read_epochs(examples, first_epoch=0, epochs=1, augment=False, shuffle_buffer=1)

    stored = [image.tobytes() for image, _ in examples.as_numpy_iterator()]
    assert epoch == stored[: len(epoch)]


def test_one_device_evaluates_every_example():
    batches = make_evaluation_batches(tf.data.Dataset.range(2003), num_replicas=1)

    assert np.concatenate([*batches.as_numpy_iterator()]).tolist() == list(range(2003))


@pytest.mark.parametrize("num_replicas", [2, 3, 8])
@pytest.mark.parametrize("num_examples", [24, 25, 33, 5051, 50_001])
def test_several_devices_evaluate_every_example(num_examples: int, num_replicas: int):
    numbers = tf.data.Dataset.range(num_examples)

    batches = make_evaluation_batches(numbers, num_replicas=num_replicas)

    rows = [*batches.as_numpy_iterator()]
    assert np.concatenate(rows).tolist() == list(range(num_examples))
    assert len(rows) == int(batches.cardinality())
    # Equal shares, but of the last batch, of which everybody gets some.
    assert {len(batch) % num_replicas for batch in rows[:-1]} <= {0}
    assert len(rows[-1]) >= num_replicas


def test_too_few_evaluation_examples_for_the_devices_are_refused():
    with pytest.raises(ValueError, match="3 examples for each of 4 devices, received 11"):
        make_evaluation_batches(tf.data.Dataset.range(11), num_replicas=4)


def test_less_than_a_batch_is_refused_with_both_numbers(examples: tf.data.Dataset):
    num_examples = int(examples.cardinality())

    with pytest.raises(ValueError, match=f"batch of 100000 examples, received {num_examples}"):
        count_steps(examples, batch_size=100_000)


def test_pattern_without_files_is_named(tmp_path: Path, transform_graph: Path):
    transform_output = tft.TFTransformOutput(str(transform_graph))

    with pytest.raises(ValueError, match=r"Split-eval/\*: expected TFRecord files"):
        read_examples([f"{tmp_path}/Split-eval/*"], transform_output, num_classes=10)


def test_files_without_examples_are_named(tmp_path: Path, transform_graph: Path):
    transform_output = tft.TFTransformOutput(str(transform_graph))
    with tf.io.TFRecordWriter(str(tmp_path / "empty.gz"), "GZIP"):
        pass

    with pytest.raises(ValueError, match=r"empty\.gz.*received none"):
        read_examples([f"{tmp_path}/*"], transform_output, num_classes=10)


def test_shards_are_read_in_the_order_of_their_names(tmp_path: Path, transform_graph: Path):
    for shard in (2, 0, 1):
        with tf.io.TFRecordWriter(str(tmp_path / f"{shard}.gz"), "GZIP") as writer:
            writer.write(serialize_example(image=bytes(784), label=shard))

    examples = read_examples(
        [f"{tmp_path}/*"], tft.TFTransformOutput(str(transform_graph)), num_classes=3
    )

    assert [int(np.argmax(label)) for _, label in examples.as_numpy_iterator()] == [0, 1, 2]
