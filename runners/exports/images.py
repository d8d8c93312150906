"""Finds the images that exports of a pushed version are calibrated with and compared on.

They are the same from both places where they can be, whichever order the rows are in there: an
export of today can be held against one of the run. Imports TensorFlow.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from ml_metadata import MetadataStore

from components.data_sets.data_set import DataSet, Part, list_files
from components.data_sets.errors import DataSetError
from components.data_sets.finding import find_data_set
from components.data_sets.storage import digest_file
from components.idx_example_gen.settings import TEST_SPLIT
from components.idx_example_gen.source_files import note_source_files, source_files
from components.idx_example_gen.splits import Split, assign_splits
from components.model_exporter.exporting import Images
from components.model_exporter.images import (
    NUM_CALIBRATION_IMAGES,
    NUM_TEST_IMAGES,
    draw_images,
    read_images,
)
from components.versioned_directory.push_record import PushOrigin
from components.versioned_directory.versions import Version
from modules.data_spec import DataSpec
from pipeline.config import PipelineConfig
from runners.metadata.lineage import LineageError, find_examples

_TRAIN, _EVAL = "train", "eval"

# How TFX' ExampleGens, and Beam, name a file among all of a split.
_SHARD = re.compile(r"-(\d+)-of-(\d+)[^/]*$")

_Batches = Iterable[npt.NDArray[np.uint8]]


class ImagesMissingError(LookupError):
    """A place does not have the images of a version's data; the message says which and why."""


def read_run_images(
    store: MetadataStore, version: Version, image_shape: Sequence[int], *, with_calibration: bool
) -> Images:
    """Draws images from the examples of the run that pushed a version.

    Args:
      store: Knows the run.
      version: A pushed version.
      image_shape: Of one image, as the version's model takes it.
      with_calibration: Whether to draw calibration images; if not, there are none.

    Raises:
      ImagesMissingError: `store` does not know the examples, or they are gone or damaged.
    """
    try:
        folder = find_examples(store, version)
    except LineageError as error:
        raise ImagesMissingError(str(error)) from error
    try:
        return _draw(
            read_images(_find_split(folder, TEST_SPLIT.name), image_shape),
            read_images(_find_split(folder, _TRAIN), image_shape) if with_calibration else None,
            image_shape,
            folder,
        )
    except tf.errors.OpError as error:
        raise ImagesMissingError(f"{folder}: cannot be read ({error.message})") from error


def read_source_images(
    version: Version,
    config: PipelineConfig,
    image_shape: Sequence[int],
    *,
    with_calibration: bool,
) -> Images:
    """Draws images from the data that a version's examples were made from.

    Args:
      version: A pushed version; its record tells the SHA-256 of the files.
      config: Names the folder of the files, and the split that calibration images are from.
      image_shape: Of one image, as the version's model takes it.
      with_calibration: Whether to draw calibration images; if not, there are none. They are from
        the split `train` as `config` divides the rows today.

    Raises:
      ImagesMissingError: The record names no files, or these are missing, damaged or others.
    """
    folder = config.data_root.rstrip("/")
    origin = version.record.origin if version.record else PushOrigin()
    expected = origin.data_files
    if not expected:
        raise ImagesMissingError(
            f"{folder}: expected a version whose record tells the SHA-256 of its data files, "
            "received one that tells none, so that no files can be known to be its own"
        )
    try:
        files = find_data_set(folder, config.data.layout)
        _check_content(files, expected, folder)
        rows = config.examples.rows_per_shard
        # The labels are those that the model was trained on: they need not be held to bounds again.
        data = DataSpec.of_images(image_shape, origin.class_names)
        splits = (
            Split(_TRAIN, config.examples.train_hash_buckets),
            Split(_EVAL, config.examples.eval_hash_buckets),
        )
        return _draw(
            _read_first_split(files.test, (TEST_SPLIT,), rows, data),
            _read_first_split(files.train, splits, rows, data) if with_calibration else None,
            image_shape,
            folder,
        )
    except tf.errors.OpError as error:
        raise ImagesMissingError(f"{folder}: cannot be read ({error.message})") from error
    except DataSetError as error:
        raise ImagesMissingError(str(error).rstrip(".")) from error


def _find_split(folder: str, split: str) -> str:
    """Returns the pattern of a split's files, which are all there.

    Raises:
      ImagesMissingError: There are none, or not all that their names tell of.
    """
    pattern = f"{folder}/Split-{split}/*"
    files = tf.io.gfile.glob(pattern)
    shards = {(int(number), int(count)) for path in files for number, count in _SHARD.findall(path)}
    counts = {count for _, count in shards}
    missing = {(number, count) for count in counts for number in range(count)} - shards
    if missing or not files:
        received = "none"
        if missing:
            number, count = min(missing)
            received = f"{len(missing)} fewer, such as no -{number:05d}-of-{count:05d},"
        raise ImagesMissingError(
            f"{folder}: expected the examples of its run, received {received} in the split {split}"
        )
    return pattern


def _check_content(files: DataSet, expected: Mapping[str, str], folder: str) -> None:
    """Compares files with what a version's record says of its data."""
    digests = {path: digest_file(path) for path in list_files(files)}
    received = source_files(note_source_files(files, digests))
    problems = [
        f"{name}: expected SHA-256 {digest}, received {received.get(name, 'no such file')}"
        for name, digest in sorted(expected.items())
        if received.get(name) != digest
    ]
    if problems:
        raise ImagesMissingError(
            f"{folder}: expected the files that the version's record names, received others: "
            f"{'; '.join(problems)}"
        )


def _read_first_split(
    part: Part, splits: tuple[Split, ...], rows_per_block: int, data: DataSpec
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yields the images of the first of the splits among which the rows are divided."""
    with part.open(data) as reader:
        for block in reader.read_blocks(
            first_row=0, num_rows=reader.num_rows, rows_per_block=rows_per_block
        ):
            yield block.images[assign_splits(block, splits) == 0]


def _draw(
    test: _Batches, train: _Batches | None, image_shape: Sequence[int], folder: str
) -> Images:
    test_images = draw_images(test, NUM_TEST_IMAGES, image_shape)
    if not len(test_images):
        raise ImagesMissingError(f"{folder}: expected test images, received none")
    if train is None:
        return Images(test=test_images, calibration=test_images[:0])
    calibration_images = draw_images(train, NUM_CALIBRATION_IMAGES, image_shape)
    return Images(test=test_images, calibration=calibration_images)
