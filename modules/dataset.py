"""Reads TFRecords of tf.Examples and feeds them to training as batches of transformed features."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft

from modules.augmentation import augment
from modules.data_spec import PIXEL_TYPE, DataSpec
from modules.features import IMAGE_KEY, LABEL_KEY, transformed_name
from modules.hyperparameters import Hyperparameters

_PARSED_AT_ONCE = 1000
_EVALUATED_AT_ONCE = 1000  # on one device


def match_files(file_patterns: Sequence[str]) -> list[str]:
    """Returns the files that match any of the patterns, sorted.

    Raises:
      ValueError: No file matches.
    """
    files = sorted({file for pattern in file_patterns for file in tf.io.gfile.glob(pattern)})
    if not files:
        raise ValueError(
            f"{', '.join(file_patterns)}: expected TFRecord files of examples, found none. "
            "Has the split that TrainArgs or EvalArgs name been written by the ExampleGen?"
        )
    return files


def read_examples(
    file_patterns: Sequence[str], transform_output: tft.TFTransformOutput, *, num_classes: int
) -> tf.data.Dataset:
    """Reads, transforms and keeps in memory all examples, in the order of the files.

    Args:
      file_patterns: TFRecord files, gzip, of serialized tf.Examples.
      transform_output: What Transform made: the raw features and how to transform them.
      num_classes: Length of a one-hot label.

    Returns:
      A dataset of known size, of single pairs: image, float32 [height, width, channels], and
      one-hot label, float32 [num_classes].

    Raises:
      ValueError: No file matches a pattern, or the files hold no example.
    """
    files = match_files(file_patterns)
    transform = _make_transform(transform_output)

    def make_pairs(serialized: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        features = transform(serialized)
        labels = tf.one_hot(features[transformed_name(LABEL_KEY)], num_classes)
        return features[transformed_name(IMAGE_KEY)], labels

    records = _read_records(files).batch(_PARSED_AT_ONCE)
    examples = records.map(make_pairs, num_parallel_calls=tf.data.AUTOTUNE).unbatch().cache()
    return examples.apply(tf.data.experimental.assert_cardinality(_count(examples, files)))


class Splits(NamedTuple):
    """The examples of a training, as `read_examples` returns them.

    Attributes:
      train: To train on.
      eval: To validate on after each epoch.
    """

    train: tf.data.Dataset
    eval: tf.data.Dataset


def read_splits(
    train_files: Sequence[str],
    eval_files: Sequence[str],
    transform_output: tft.TFTransformOutput,
    *,
    num_classes: int,
) -> Splits:
    """Reads both splits of a training; see `read_examples`."""
    return Splits(
        *(
            read_examples(files, transform_output, num_classes=num_classes)
            for files in (train_files, eval_files)
        )
    )


def read_first_images(
    file_patterns: Sequence[str],
    transform_output: tft.TFTransformOutput,
    count: int,
    *,
    data: DataSpec,
) -> tuple[npt.NDArray[np.uint8], tf.Tensor]:
    """Returns the images of the first examples, in the order of `read_examples`.

    Args:
      file_patterns: TFRecord files, gzip, of serialized tf.Examples.
      transform_output: As for `read_examples`.
      count: How many; fewer are returned if there are fewer.
      data: What the images are.

    Returns:
      The pixels, uint8 [rows, *data.image_shape], and the transformed images, float32
      [rows, height, width, channels].
    """
    records = _read_records(match_files(file_patterns)).take(count)
    serialized = list(records.as_numpy_iterator())
    spec = {IMAGE_KEY: tf.io.FixedLenFeature([], tf.string)}
    pixels: npt.NDArray[np.uint8] = tf.io.decode_raw(
        tf.io.parse_example(serialized, spec)[IMAGE_KEY], PIXEL_TYPE
    ).numpy()
    transformed = _make_transform(transform_output)(tf.constant(serialized))
    return pixels.reshape(-1, *data.image_shape), transformed[transformed_name(IMAGE_KEY)]


def make_training_batches(
    examples: tf.data.Dataset,
    hyperparameters: Hyperparameters,
    *,
    batch_size: int,
    first_epoch: int = 0,
) -> tf.data.Dataset:
    """Returns the batches of one epoch after the other, without end.

    Order and augmentation follow from the seed, the epoch and the step alone: a training that
    goes on at a later epoch sees what it would have seen without the interruption.

    Args:
      examples: What `read_examples` returned.
      hyperparameters: Gives the seed, the shuffle buffer and whether to augment.
      batch_size: Images in a batch over all devices; an epoch has whole batches only.
      first_epoch: The epoch to begin with, from 0.
    """

    def make_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        seed = hyperparameters.seed + epoch
        batches = examples.shuffle(hyperparameters.shuffle_buffer, seed=seed).batch(
            batch_size, drop_remainder=True
        )
        if not hyperparameters.augment:
            return batches
        return batches.enumerate().map(
            lambda step, batch: (augment(batch[0], tf.stack([seed, step])), batch[1]),
            num_parallel_calls=tf.data.AUTOTUNE,
        )

    batches = tf.data.Dataset.range(first_epoch, tf.int64.max).flat_map(make_epoch)
    without_end = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    return batches.apply(without_end).prefetch(tf.data.AUTOTUNE)


def make_evaluation_batches(examples: tf.data.Dataset, *, num_replicas: int) -> tf.data.Dataset:
    """Returns the examples once, in order, in large batches with a row for each device.

    Args:
      examples: What `read_examples` returned.
      num_replicas: Devices that share a batch.

    Returns:
      A dataset of known size.

    Raises:
      ValueError: There are too few examples for so many devices.
    """
    num_examples = int(examples.cardinality())
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
    return examples.batch(batch_size).prefetch(tf.data.AUTOTUNE)


def count_steps(examples: tf.data.Dataset, *, batch_size: int) -> int:
    """Returns the number of whole batches in one epoch.

    Raises:
      ValueError: There are fewer examples than one batch takes.
    """
    num_examples = int(examples.cardinality())
    if num_examples < batch_size:
        raise ValueError(
            f"Training split: expected at least one batch of {batch_size} examples, received "
            f"{num_examples}. Lower training.batch_size_per_replica or train on more data."
        )
    return num_examples // batch_size


def _read_records(files: Sequence[str]) -> tf.data.Dataset:
    return tf.data.TFRecordDataset(files, compression_type="GZIP")


def _make_transform(
    transform_output: tft.TFTransformOutput,
) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """Returns what turns serialized tf.Examples, string [batch], into transformed features."""
    raw_feature_spec = transform_output.raw_feature_spec()
    feature_spec = {key: raw_feature_spec[key] for key in (IMAGE_KEY, LABEL_KEY)}
    transform_layer = transform_output.transform_features_layer()
    return lambda serialized: transform_layer(tf.io.parse_example(serialized, feature_spec))


def _count(examples: tf.data.Dataset, files: Sequence[str]) -> int:
    batches = examples.batch(_PARSED_AT_ONCE)
    num_examples = int(batches.reduce(0, lambda total, batch: total + tf.shape(batch[1])[0]))
    if not num_examples:
        raise ValueError(
            f"{files[0]} and {len(files) - 1} more: expected examples, received none. "
            "Is the split empty?"
        )
    return num_examples
