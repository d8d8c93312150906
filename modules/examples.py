"""Reads the examples of a training from TFRecords, once into memory or again in each epoch."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft

from modules.data_spec import PIXEL_TYPE, DataSpec
from modules.features import IMAGE_KEY, LABEL_KEY, transformed_name

_PARSED_AT_ONCE = 1000

Features = Mapping[str, tf.Tensor]
"""Raw features of some examples by name, each [examples, ...]: images are strings of pixels."""

Pairs = tuple[tf.Tensor, tf.Tensor]
"""Images, float32 [examples, height, width, channels], and one-hot labels, float32 [examples,
num_classes]."""


@dataclass(frozen=True, kw_only=True)
class Examples:
    """The examples of a split in the order of its files.

    Whoever puts them in another order moves small things, and decodes a batch at a time: where
    the examples are changes nothing of what a training sees.

    Attributes:
      rows: A dataset of what stands for single examples.
      load: Turns a batch of `rows` into what the model is fed.
      num_rows: How many there are.
      num_bytes: What they take in memory; 0 if they are read from their files.
    """

    rows: tf.data.Dataset
    load: Callable[[tf.Tensor], Pairs]
    num_rows: int
    num_bytes: int = 0


class Splits(NamedTuple):
    """The examples of a training.

    Attributes:
      train: To train on.
      eval: To validate on after each epoch.
    """

    train: Examples
    eval: Examples


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


def read_splits(
    train_files: Sequence[str],
    eval_files: Sequence[str],
    transform_output: tft.TFTransformOutput,
    *,
    num_classes: int,
    most_bytes: int,
) -> Splits:
    """Reads both splits of a training; they share `most_bytes`. See `read_examples`."""
    train = read_examples(
        train_files, transform_output, num_classes=num_classes, most_bytes=most_bytes
    )
    most_bytes -= train.num_bytes
    return Splits(
        train=train,
        eval=read_examples(
            eval_files, transform_output, num_classes=num_classes, most_bytes=most_bytes
        ),
    )


def read_examples(
    file_patterns: Sequence[str],
    transform_output: tft.TFTransformOutput,
    *,
    num_classes: int,
    most_bytes: int,
) -> Examples:
    """Reads all examples: into memory if they fit, else to count them.

    In memory they are as small as in their files: they are transformed when they are asked for.

    Args:
      file_patterns: TFRecord files, gzip, of serialized tf.Examples.
      transform_output: What Transform made: the raw features and how to transform them.
      num_classes: Length of a one-hot label.
      most_bytes: What the raw features may take in memory; if they take more, they are read from
        the files whenever they are asked for.

    Raises:
      ValueError: No file matches a pattern, or the files hold no example.
    """
    files = match_files(file_patterns)
    parse = _make_parser(transform_output)
    to_pairs = _make_transform(transform_output, num_classes)
    records = _read_records(files)
    blocks = records.batch(_PARSED_AT_ONCE).map(parse, num_parallel_calls=tf.data.AUTOTUNE)
    kept, num_rows, num_bytes = _keep(blocks, most_bytes)
    if not num_rows:
        raise ValueError(
            f"{files[0]} and {len(files) - 1} more: expected examples, received none. "
            "Is the split empty?"
        )
    if kept is None:
        return Examples(
            rows=records.apply(tf.data.experimental.assert_cardinality(num_rows)),
            load=lambda serialized: to_pairs(parse(serialized)),
            num_rows=num_rows,
        )
    return Examples(
        rows=tf.data.Dataset.range(num_rows),
        load=lambda numbers: to_pairs(
            {name: tf.gather(values, numbers) for name, values in kept.items()}
        ),
        num_rows=num_rows,
        num_bytes=num_bytes,
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
    layer = transform_output.transform_features_layer()
    transformed = layer(_make_parser(transform_output)(tf.constant(serialized)))
    return pixels.reshape(-1, *data.image_shape), transformed[transformed_name(IMAGE_KEY)]


def _read_records(files: Sequence[str]) -> tf.data.Dataset:
    return tf.data.TFRecordDataset(files, compression_type="GZIP")


def _make_parser(transform_output: tft.TFTransformOutput) -> Callable[[tf.Tensor], Features]:
    """Returns what turns serialized tf.Examples, string [batch], into raw features."""
    raw_feature_spec = transform_output.raw_feature_spec()
    feature_spec = {key: raw_feature_spec[key] for key in (IMAGE_KEY, LABEL_KEY)}
    return lambda serialized: tf.io.parse_example(serialized, feature_spec)


def _make_transform(
    transform_output: tft.TFTransformOutput, num_classes: int
) -> Callable[[Features], Pairs]:
    """Returns what turns raw features into what the model is fed."""
    layer = transform_output.transform_features_layer()

    def transform(features: Features) -> Pairs:
        transformed = layer(dict(features))
        labels = tf.one_hot(transformed[transformed_name(LABEL_KEY)], num_classes)
        return transformed[transformed_name(IMAGE_KEY)], labels

    # TensorFlow would rewrite all of the layer's Python code, which takes a second of CPU, to find
    # control flow that depends on a tensor; there is none.
    return tf.autograph.experimental.do_not_convert(transform)


def _keep(blocks: Iterable[Features], most_bytes: int) -> tuple[Features | None, int, int]:
    """Counts the examples of all blocks, and puts them together if they fit.

    Returns:
      The features of all examples, None if they are too large or there is none; how many examples
      there are; and how many bytes they take.
    """
    kept: list[Features] = []
    num_rows = num_bytes = 0
    for block in blocks:
        num_rows += int(tf.shape(block[LABEL_KEY])[0])
        num_bytes += sum(_count_bytes(values) for values in block.values())
        if num_bytes > most_bytes:
            kept.clear()
        else:
            kept.append(block)
    if not kept:
        return None, num_rows, num_bytes
    # Not on a GPU, which has no strings, and from which numbers would have to come back.
    with tf.device("CPU"):
        whole = {name: tf.concat([block[name] for block in kept], axis=0) for name in kept[0]}
    return whole, num_rows, num_bytes


def _count_bytes(values: tf.Tensor) -> int:
    if values.dtype == tf.string:
        return int(tf.reduce_sum(tf.strings.length(values)))
    return int(values.dtype.size * tf.size(values))
