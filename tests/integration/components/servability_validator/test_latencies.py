"""What a blessing tells of the time that a model takes, on a real SavedModel."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.servability_validator.artifact import LATENCY_PERCENTILES, latency_property
from components.servability_validator.executor import Executor
from components.servability_validator.requests import serialize_images
from modules.data_spec import DATA_SPEC_KEY, MNIST
from modules.training.reference_predictions import ReferencePredictions, write_reference_predictions

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
ANY_SPEED = float("inf")
NO_SPEED = 0.0


class _InkModel(tf.Module):
    """Tells dark images from light ones."""

    @tf.function(input_signature=[tf.TensorSpec([None, 28, 28], tf.uint8, name="images")])
    def serve_images(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        ink = tf.reduce_mean(tf.cast(images, tf.float32), axis=[1, 2]) / 255.0
        probabilities = tf.stack([1.0 - ink, ink], axis=1)
        return {"probabilities": probabilities, "classes": tf.argmax(probabilities, axis=1)}


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, list[object]]:
    """Returns a model, what its training left, and images to ask it about."""
    examples = standard_artifacts.Examples()
    examples.uri = str(tmp_path / "examples")
    examples.splits = ["test"]
    shard = Path(examples.path(split="test")) / "data_tfrecord-00000-of-00001.gz"
    shard.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(shard), "GZIP") as writer:
        for record in serialize_images(IMAGES):
            writer.write(record)
    ink_model = _InkModel()
    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "model")
    signatures = {"serving_default": ink_model.serve_images}
    tf.saved_model.save(ink_model, path_utils.serving_model_path(model.uri), signatures)
    model_run = standard_artifacts.ModelRun()
    model_run.uri = str(tmp_path / "model_run")
    expected = ink_model.serve_images(IMAGES[:4])["probabilities"].numpy()
    write_reference_predictions(model_run.uri, ReferencePredictions(IMAGES[:4], expected))
    return {"model": [model], "model_run": [model_run], "examples": [examples]}


def _validate(
    inputs: dict[str, list[object]], folder: Path, max_p99_latency_ms: float
) -> standard_artifacts.InfraBlessing:
    blessing = standard_artifacts.InfraBlessing()
    blessing.uri = str(folder / "blessing")
    Executor().Do(
        inputs,
        {"blessing": [blessing]},
        {
            "example_split": "test",
            "max_p99_latency_ms": max_p99_latency_ms,
            DATA_SPEC_KEY: MNIST.model_dump_json(),
        },
    )
    return blessing


def _latencies(blessing: standard_artifacts.InfraBlessing) -> list[float]:
    properties = blessing.mlmd_artifact.custom_properties
    names = [latency_property(percentile) for percentile in LATENCY_PERCENTILES]
    kinds = {properties[name].WhichOneof("value") for name in names if name in properties}
    assert kinds <= {"double_value"}  # else TFX's getter of floats finds nothing
    return [properties[name].double_value for name in names if name in properties]


@pytest.mark.parametrize(("budget", "blessed"), [(ANY_SPEED, 1), (NO_SPEED, 0)])
def test_a_verdict_carries_the_latencies_that_were_measured_as_numbers(
    inputs: dict[str, list[object]], tmp_path: Path, budget: float, blessed: int
):
    blessing = _validate(inputs, tmp_path, budget)

    assert blessing.get_int_custom_property("blessed") == blessed
    p50, p90, p99 = _latencies(blessing)
    assert 0 < p50 <= p90 <= p99


def test_a_model_that_cannot_be_asked_has_no_latencies(
    inputs: dict[str, list[object]], tmp_path: Path
):
    (tmp_path / "model" / "Format-Serving" / "saved_model.pb").unlink()

    blessing = _validate(inputs, tmp_path, ANY_SPEED)

    assert blessing.get_int_custom_property("blessed") == 0
    assert _latencies(blessing) == []
