"""This project's own model, trained for a few seconds and exported as the Trainer does it."""

import gzip
import math
from functools import partial
from pathlib import Path

import apache_beam as beam
import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.beam.tft_beam_io import transform_fn_io
from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io, schema_utils

from modules.data_spec import DATA_SPEC_KEY, DataSpec
from modules.features import IMAGE_KEY, LABEL_KEY
from modules.hyperparameters import Hyperparameters
from modules.model import build_model, compile_model
from modules.preprocessing import preprocessing_fn
from modules.signatures import export_model
from support.project import MNIST_FOLDER

_NUM_IMAGES = 12_800
_IMAGES_HEADER = 16
_LABELS_HEADER = 8


def read_mnist(name: str, num_rows: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Returns the first images and labels of "train" or "t10k"."""
    with gzip.open(MNIST_FOLDER / f"{name}-images-idx3-ubyte.gz") as file:
        pixels = file.read(_IMAGES_HEADER + num_rows * 784)[_IMAGES_HEADER:]
    with gzip.open(MNIST_FOLDER / f"{name}-labels-idx1-ubyte.gz") as file:
        labels = file.read(_LABELS_HEADER + num_rows)[_LABELS_HEADER:]
    return (
        np.frombuffer(pixels, np.uint8).reshape(num_rows, 28, 28),
        np.frombuffer(labels, np.uint8),
    )


def save_mnist_model(folder: Path, scratch: Path) -> Path:
    """Trains on some of MNIST, writes the SavedModel and returns its folder."""

    images, labels = read_mnist("train", _NUM_IMAGES)
    hyperparameters = Hyperparameters(epochs=3, augment=False, label_smoothing=0.0)
    steps = _NUM_IMAGES // hyperparameters.batch_size_per_replica
    keras.utils.set_random_seed(hyperparameters.seed)
    model = build_model(hyperparameters, DataSpec())
    compile_model(model, hyperparameters, steps_per_epoch=steps)
    model.fit(
        images[..., np.newaxis] / np.float32(255),
        tf.one_hot(labels, DataSpec().num_classes),
        batch_size=hyperparameters.batch_size_per_replica,
        epochs=hyperparameters.epochs,
        verbose=0,
    )
    return save_model(model, folder, scratch, DataSpec())


def save_model(model: keras.Model, folder: Path, scratch: Path, data: DataSpec) -> Path:
    """Writes the SavedModel of any model from transformed images to logits; returns its folder."""
    _write_transform_output(scratch, data)
    folder.parent.mkdir(parents=True, exist_ok=True)
    export_model(model, tft.TFTransformOutput(str(scratch)), str(folder), data=data)
    return folder


def _write_transform_output(folder: Path, data: DataSpec) -> None:
    preprocess = partial(preprocessing_fn, custom_config={DATA_SPEC_KEY: data.model_dump()})
    schema = schema_utils.schema_from_feature_spec(
        {
            IMAGE_KEY: tf.io.FixedLenFeature([], tf.string),
            LABEL_KEY: tf.io.FixedLenFeature([], tf.int64),
        }
    )
    metadata = dataset_metadata.DatasetMetadata(schema)
    rows = [{IMAGE_KEY: bytes(math.prod(data.image_shape)), LABEL_KEY: 0}]
    with (
        beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline,
        tft_beam.Context(temp_dir=str(folder / "scratch")),
    ):
        examples = pipeline | beam.Create(rows)
        transform_fn = (examples, metadata) | tft_beam.AnalyzeDataset(preprocess)
        _ = transform_fn | transform_fn_io.WriteTransformFn(str(folder))
    metadata_io.write_metadata(metadata, str(folder / "metadata"))
