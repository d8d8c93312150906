"""Asks the exported model once about every example of a split."""

import heapq
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.evaluation.answer_metrics import CONFIDENCE_BUCKETS
from components.run_report.charts.pictures import encode_picture
from components.run_report.content.evaluation import Bucket, Misread, Predictions
from components.run_report.reading.examples import read_examples
from modules.data_spec import PIXEL_TYPE, DataSpec
from modules.features import PROBABILITIES_KEY

SIGNATURE = "serving_default"
MAX_MISREAD = 200
"""So many pictures a person still looks through; the page says how many more there are."""


class _Batch(NamedTuple):
    """Rows and what the model answers.

    Attributes:
      first_row: Number of the first one in the split.
      images: Their pixels, bytes [rows].
      labels: int64 [rows].
      probabilities: float32 [rows, classes].
    """

    first_row: int
    images: npt.NDArray[np.object_]
    labels: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]


class _Wrong(NamedTuple):
    """A row that the model got wrong; the larger, the worse."""

    probability: float
    row: int
    label: int
    answer: int
    probability_of_label: float
    pixels: bytes


class _Tally:
    """Counts answers, batch by batch."""

    def __init__(self, num_classes: int) -> None:
        self.confusion = np.zeros((num_classes, num_classes), np.int64)
        self.bucket_rows = np.zeros(CONFIDENCE_BUCKETS, np.int64)
        self.bucket_right = np.zeros(CONFIDENCE_BUCKETS, np.int64)
        self.bucket_confidence = np.zeros(CONFIDENCE_BUCKETS, np.float64)

    def add(self, batch: _Batch) -> Iterator[_Wrong]:
        """Counts a batch, and yields its rows that are wrong."""
        answers = batch.probabilities.argmax(axis=1)
        confidence = batch.probabilities.max(axis=1)
        is_right = answers == batch.labels
        np.add.at(self.confusion, (batch.labels, answers), 1)
        buckets = np.minimum((confidence * CONFIDENCE_BUCKETS).astype(int), CONFIDENCE_BUCKETS - 1)
        self.bucket_rows += np.bincount(buckets, minlength=CONFIDENCE_BUCKETS)
        self.bucket_right += np.bincount(buckets[is_right], minlength=CONFIDENCE_BUCKETS)
        self.bucket_confidence += np.bincount(buckets, confidence, minlength=CONFIDENCE_BUCKETS)
        for index in np.flatnonzero(~is_right):
            label = int(batch.labels[index])
            yield _Wrong(
                probability=float(confidence[index]),
                row=batch.first_row + int(index),
                label=label,
                answer=int(answers[index]),
                probability_of_label=float(batch.probabilities[index, label]),
                pixels=batch.images[index],
            )


def ask_model(saved_model: str, file_pattern: str, split: str, data: DataSpec) -> Predictions:
    """Returns what a model answers on a split.

    Args:
      saved_model: Folder of a SavedModel.
      file_pattern: The split's gzip TFRecord shards.
      split: The split's name.
      data: What the images are.

    Raises:
      ValueError: The split is empty, or a label is none of the model's classes.
    """
    tally: _Tally | None = None
    wrong: list[_Wrong] = []
    for batch in _ask(saved_model, file_pattern):
        num_classes = batch.probabilities.shape[1]
        tally = tally or _Tally(num_classes)
        if batch.labels.min() < 0 or batch.labels.max() >= num_classes:
            raise ValueError(
                f"{file_pattern}: expected labels from 0 to {num_classes - 1}, received "
                f"{batch.labels.min()} to {batch.labels.max()}"
            )
        wrong = heapq.nlargest(MAX_MISREAD, (*wrong, *tally.add(batch)))
    if tally is None:
        raise ValueError(f"{file_pattern}: expected examples to ask the model about, received none")
    return Predictions(
        split=split,
        classes=tuple(str(number) for number in range(len(tally.confusion))),
        confusion=tuple(tuple(int(count) for count in row) for row in tally.confusion),
        reliability=tuple(_buckets(tally)),
        misread=tuple(_describe(each, data) for each in wrong),
    )


def _ask(saved_model: str, file_pattern: str) -> Iterator[_Batch]:
    # Held while it is asked: a signature does not hold the variables that it reads.
    model = tf.saved_model.load(saved_model)
    ask = model.signatures[SIGNATURE]
    [input_name] = ask.structured_input_signature[1]
    first_row = 0
    for examples in read_examples(file_pattern):
        answers = ask(**{input_name: examples.records})[PROBABILITIES_KEY]
        yield _Batch(first_row, examples.images, examples.labels, answers.numpy())
        first_row += len(examples.labels)


def _buckets(tally: _Tally) -> Iterator[Bucket]:
    for rows, right, confidence in zip(
        tally.bucket_rows, tally.bucket_right, tally.bucket_confidence, strict=True
    ):
        if rows:
            yield Bucket(confidence=confidence / rows, accuracy=right / rows, rows=int(rows))


def _describe(wrong: _Wrong, data: DataSpec) -> Misread:
    pixels = np.frombuffer(wrong.pixels, PIXEL_TYPE).reshape(data.image_shape)
    return Misread(
        row=wrong.row,
        label=str(wrong.label),
        answer=str(wrong.answer),
        probability=wrong.probability,
        probability_of_label=wrong.probability_of_label,
        picture=encode_picture(pixels),
    )
