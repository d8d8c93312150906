"""The batches that a training sees."""

from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft

from modules.batches import count_steps, make_evaluation_batches, make_training_batches
from modules.examples import Examples, read_examples
from modules.hyperparameters import Hyperparameters
from support.trainings import Inputs

BATCH_SIZE = 32


def read(inputs: Inputs, *, most_bytes: int) -> Examples:
    return read_examples(
        [f"{inputs.examples}/Split-train/*"],
        tft.TFTransformOutput(str(inputs.transform_graph)),
        num_classes=10,
        most_bytes=most_bytes,
    )


@pytest.fixture(scope="module", params=[0, 2**30], ids=["in files", "in memory"])
def examples(request: pytest.FixtureRequest, training_inputs: Inputs) -> Examples:
    return read(training_inputs, most_bytes=request.param)


def numbers(count: int) -> Examples:
    """Returns examples that are but their numbers."""
    return Examples(rows=tf.data.Dataset.range(count), load=lambda rows: rows, num_rows=count)


def read_images(examples: Examples) -> list[bytes]:
    """Returns all images, in the order of the files."""
    [(images, _)] = examples.rows.batch(10**6).map(examples.load).as_numpy_iterator()
    return [image.tobytes() for image in images]


def read_epochs(
    examples: Examples, *, first_epoch: int, epochs: int, **hyperparameters: object
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


@pytest.mark.parametrize("shuffle_buffer", [50, 60_000])
def test_a_training_sees_the_same_wherever_its_examples_are(
    training_inputs: Inputs, shuffle_buffer: int
):
    in_memory, in_files = (
        read_epochs(
            read(training_inputs, most_bytes=most_bytes),
            first_epoch=0,
            epochs=2,
            augment=True,
            shuffle_buffer=shuffle_buffer,
        )
        for most_bytes in (2**30, 0)
    )

    assert in_memory == in_files


def test_each_batch_has_a_size_that_is_known_before_it_is_read(examples: Examples):
    batches = make_training_batches(examples, Hyperparameters(), batch_size=BATCH_SIZE)

    images, labels = batches.element_spec

    assert images.shape == (BATCH_SIZE, 28, 28, 1)
    assert labels.shape == (BATCH_SIZE, 10)


def test_an_epoch_has_no_image_twice(examples: Examples):
    everything = Counter(read_images(examples))

    [epoch] = read_epochs(examples, first_epoch=0, epochs=1, augment=False)

    assert Counter(epoch) <= everything
    assert len(everything) - len(set(epoch)) < BATCH_SIZE


def test_every_epoch_has_another_order(examples: Examples):
    one, other = read_epochs(examples, first_epoch=0, epochs=2, augment=False)

    assert one != other


@pytest.mark.parametrize("augment", [False, True])
def test_a_later_start_sees_what_an_uninterrupted_training_sees(
    *, examples: Examples, augment: bool
):
    uninterrupted = read_epochs(examples, first_epoch=0, epochs=3, augment=augment)

    resumed = read_epochs(examples, first_epoch=1, epochs=2, augment=augment)

    assert resumed == uninterrupted[1:]


def test_another_seed_gives_another_order(examples: Examples):
    [one] = read_epochs(examples, first_epoch=0, epochs=1, augment=False, seed=1)
    [other] = read_epochs(examples, first_epoch=0, epochs=1, augment=False, seed=5)

    assert one != other


def test_shuffle_buffer_of_one_keeps_the_order(examples: Examples):
    [epoch] = read_epochs(examples, first_epoch=0, epochs=1, augment=False, shuffle_buffer=1)

    assert epoch == read_images(examples)[: len(epoch)]


def test_one_device_evaluates_every_example():
    batches = make_evaluation_batches(numbers(2003), num_replicas=1)

    assert np.concatenate([*batches.as_numpy_iterator()]).tolist() == list(range(2003))


@pytest.mark.parametrize("num_replicas", [2, 3, 8])
@pytest.mark.parametrize("num_examples", [24, 25, 33, 5051, 50_001])
def test_several_devices_evaluate_every_example(num_examples: int, num_replicas: int):
    batches = make_evaluation_batches(numbers(num_examples), num_replicas=num_replicas)

    rows = [*batches.as_numpy_iterator()]
    assert np.concatenate(rows).tolist() == list(range(num_examples))
    assert len(rows) == int(batches.cardinality())
    # Equal shares, but of the last batch, of which everybody gets some.
    assert {len(batch) % num_replicas for batch in rows[:-1]} <= {0}
    assert len(rows[-1]) >= num_replicas


def test_too_few_evaluation_examples_for_the_devices_are_refused():
    with pytest.raises(ValueError, match="3 examples for each of 4 devices, received 11"):
        make_evaluation_batches(numbers(11), num_replicas=4)


def test_less_than_a_batch_is_refused_with_both_numbers(examples: Examples):
    received = examples.num_rows

    with pytest.raises(ValueError, match=f"batch of 100000 examples, received {received}"):
        count_steps(examples, batch_size=100_000)
