"""Feeds examples to a training and its validation, as batches of what the model takes."""

import tensorflow as tf

from modules.augmentation import augment
from modules.examples import Examples, Pairs
from modules.hyperparameters import Hyperparameters

_EVALUATED_AT_ONCE = 1000  # on one device


def make_training_batches(
    examples: Examples,
    hyperparameters: Hyperparameters,
    *,
    batch_size: int,
    first_epoch: int = 0,
) -> tf.data.Dataset:
    """Returns the batches of one epoch after the other, without end.

    Order and augmentation follow from the seed, the epoch and the step alone: a training that
    goes on at a later epoch sees what it would have seen without the interruption.

    Args:
      examples: Those to train on.
      hyperparameters: Gives the seed, the shuffle buffer and whether to augment.
      batch_size: Images in a batch over all devices; an epoch has whole batches only.
      first_epoch: The epoch to begin with, from 0.
    """

    def make_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        seed = hyperparameters.seed + epoch

        def load(step: tf.Tensor, rows: tf.Tensor) -> Pairs:
            images, labels = examples.load(rows)
            for part in (images, labels):  # a TPU wants to know the size of each batch
                part.set_shape([batch_size, *part.shape[1:]])
            if hyperparameters.augment:
                images = augment(images, tf.stack([seed, step]))
            return images, labels

        rows = examples.rows.shuffle(hyperparameters.shuffle_buffer, seed=seed)
        batches = rows.batch(batch_size, drop_remainder=True).enumerate()
        return batches.map(load, num_parallel_calls=tf.data.AUTOTUNE)

    batches = tf.data.Dataset.range(first_epoch, tf.int64.max).flat_map(make_epoch)
    without_end = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    return batches.apply(without_end).prefetch(tf.data.AUTOTUNE)


def make_evaluation_batches(examples: Examples, *, num_replicas: int) -> tf.data.Dataset:
    """Returns the examples once, in order, in large batches with a row for each device.

    Args:
      examples: Those to validate on.
      num_replicas: Devices that share a batch.

    Returns:
      A dataset of known size.

    Raises:
      ValueError: There are too few examples for so many devices.
    """
    num_examples = examples.num_rows
    if num_examples < 3 * num_replicas and num_replicas > 1:
        raise ValueError(
            f"Evaluation split: expected at least 3 examples for each of {num_replicas} devices, "
            f"received {num_examples}. Evaluate on more data or train on fewer devices."
        )
    # Equal shares of a batch for all devices, except of the last one, where none may go without.
    most = _EVALUATED_AT_ONCE * num_replicas
    sizes = range(min(most, num_examples // num_replicas * num_replicas), 0, -num_replicas)
    batch_size = next(
        size for size in sizes if num_examples % size == 0 or num_examples % size >= num_replicas
    )
    batches = examples.rows.batch(batch_size)
    return batches.map(examples.load, num_parallel_calls=tf.data.AUTOTUNE).prefetch(
        tf.data.AUTOTUNE
    )


def count_steps(examples: Examples, *, batch_size: int) -> int:
    """Returns the number of whole batches in one epoch.

    Raises:
      ValueError: There are fewer examples than one batch takes.
    """
    if examples.num_rows < batch_size:
        raise ValueError(
            f"Training split: expected at least one batch of {batch_size} examples, received "
            f"{examples.num_rows}. Lower training.batch_size_per_replica or train on more data."
        )
    return examples.num_rows // batch_size
