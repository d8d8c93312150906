"""The examples of a training, in memory or in their files."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft

from modules.examples import Examples, match_files, read_examples, read_splits
from support.trainings import Inputs, serialize_example

NUM_PIXELS = 28 * 28
NUM_LABEL_BYTES = 8


@pytest.fixture(scope="module")
def transform_output(transform_graph: Path) -> tft.TFTransformOutput:
    return tft.TFTransformOutput(str(transform_graph))


def read(
    folder: Path, transform_output: tft.TFTransformOutput, *, most_bytes: int, num_classes: int = 10
) -> Examples:
    return read_examples(
        [f"{folder}/*"], transform_output, num_classes=num_classes, most_bytes=most_bytes
    )


def load(examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    """Returns all images and labels, in order."""
    [(images, labels)] = examples.rows.batch(10**6).map(examples.load).as_numpy_iterator()
    return images, labels


@pytest.mark.parametrize("most_bytes", [0, 2**30])
def test_examples_are_images_and_one_hot_labels(
    training_inputs: Inputs, transform_output: tft.TFTransformOutput, most_bytes: int
):
    examples = read(
        training_inputs.examples / "Split-train", transform_output, most_bytes=most_bytes
    )

    images, labels = load(examples)

    assert images.shape == (examples.num_rows, 28, 28, 1)
    assert images.dtype == np.float32
    assert images.min() == 0
    assert images.max() == 1
    assert labels.shape == (examples.num_rows, 10)
    np.testing.assert_array_equal(labels.sum(axis=1), 1)


def test_where_examples_are_changes_nothing_of_them(
    training_inputs: Inputs, transform_output: tft.TFTransformOutput
):
    folder = training_inputs.examples / "Split-train"

    in_memory, in_files = (
        load(read(folder, transform_output, most_bytes=most_bytes)) for most_bytes in (2**30, 0)
    )

    np.testing.assert_array_equal(in_memory[0], in_files[0])
    np.testing.assert_array_equal(in_memory[1], in_files[1])


def test_an_image_in_memory_is_as_small_as_its_pixels(
    training_inputs: Inputs, transform_output: tft.TFTransformOutput
):
    folder = training_inputs.examples / "Split-train"

    examples = read(folder, transform_output, most_bytes=2**30)

    assert examples.num_bytes == examples.num_rows * (NUM_PIXELS + NUM_LABEL_BYTES)
    just_fit = read(folder, transform_output, most_bytes=examples.num_bytes)
    assert just_fit.num_bytes == examples.num_bytes
    too_large = read(folder, transform_output, most_bytes=examples.num_bytes - 1)
    assert too_large.num_bytes == 0
    assert too_large.num_rows == examples.num_rows


def test_the_two_splits_share_the_memory(
    training_inputs: Inputs, transform_output: tft.TFTransformOutput
):
    files = [[f"{training_inputs.examples}/Split-{split}/*"] for split in ("train", "eval")]

    def sizes(most_bytes: int) -> list[int]:
        splits = read_splits(*files, transform_output, num_classes=10, most_bytes=most_bytes)
        return [examples.num_bytes for examples in splits]

    train, evaluated = sizes(2**30)

    assert sizes(train + evaluated) == [train, evaluated]
    assert sizes(train + evaluated - 1) == [train, 0]
    assert train > evaluated
    assert sizes(train - 1) == [0, evaluated]


def test_pattern_without_files_is_named(tmp_path: Path):
    with pytest.raises(ValueError, match=r"Split-eval/\*: expected TFRecord files"):
        match_files([f"{tmp_path}/Split-eval/*"])


@pytest.mark.parametrize("most_bytes", [0, 2**30])
def test_files_without_examples_are_named(
    tmp_path: Path, transform_output: tft.TFTransformOutput, most_bytes: int
):
    with tf.io.TFRecordWriter(str(tmp_path / "empty.gz"), "GZIP"):
        pass

    with pytest.raises(ValueError, match=r"empty\.gz.*received none"):
        read(tmp_path, transform_output, most_bytes=most_bytes)


def test_shards_are_read_in_the_order_of_their_names(
    tmp_path: Path, transform_output: tft.TFTransformOutput
):
    for shard in (2, 0, 1):
        with tf.io.TFRecordWriter(str(tmp_path / f"{shard}.gz"), "GZIP") as writer:
            writer.write(serialize_example(image=bytes(NUM_PIXELS), label=shard))

    _, labels = load(read(tmp_path, transform_output, most_bytes=2**30, num_classes=3))

    assert labels.argmax(axis=1).tolist() == [0, 1, 2]
