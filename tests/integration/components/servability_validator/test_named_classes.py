"""The servability gate on a model as the Trainer exports it, with names of classes."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.servability_validator.artifact import REASONS_PROPERTY
from components.servability_validator.executor import Executor
from components.servability_validator.requests import WARMUP_PATH
from modules.data_spec import DataSpec
from modules.training.reference_predictions import ReferencePredictions, write_reference_predictions
from support.serving.colour_model import COLOURS, save_colour_model
from support.trainings import serialize_example


@pytest.fixture
def validate(tmp_path: Path) -> Callable[..., standard_artifacts.InfraBlessing]:
    """Returns a function that judges a model, whose trained self answers so, by its blessing."""

    def validate(
        expect: Callable[[np.ndarray], np.ndarray] = np.asarray, data: DataSpec = COLOURS
    ) -> standard_artifacts.InfraBlessing:
        images = np.random.default_rng(0).integers(0, 256, (20, *data.image_shape), np.uint8)
        model = standard_artifacts.Model()
        model.uri = str(tmp_path / "model")
        path = Path(path_utils.serving_model_path(model.uri))
        save_colour_model(path, tmp_path / "scratch", data)
        exported = tf.saved_model.load(str(path)).signatures["serve_images"]
        probabilities = exported(images=images[:3])["probabilities"].numpy()
        model_run = standard_artifacts.ModelRun()
        model_run.uri = str(tmp_path / "model_run")
        reference = ReferencePredictions(images[:3], expect(probabilities))
        write_reference_predictions(model_run.uri, reference)
        blessing = standard_artifacts.InfraBlessing()
        blessing.uri = str(tmp_path / "blessing")
        Executor().Do(
            {
                "model": [model],
                "model_run": [model_run],
                "examples": [_write_examples(tmp_path / "examples", images)],
            },
            {"blessing": [blessing]},
            {
                "example_split": "test",
                "max_p99_latency_ms": 60_000.0,
                "data": data.model_dump_json(),
            },
        )
        return blessing

    return validate


def _write_examples(folder: Path, images: np.ndarray) -> standard_artifacts.Examples:
    examples = standard_artifacts.Examples()
    examples.uri = str(folder)
    examples.splits = ["test"]
    shard = Path(examples.path(split="test")) / "data_tfrecord-00000-of-00001.gz"
    shard.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(shard), "GZIP") as writer:
        for image in images:
            writer.write(serialize_example(image=image.tobytes(), label=0))
    return examples


def _reasons(blessing: standard_artifacts.InfraBlessing) -> list[str]:
    return json.loads(blessing.get_string_custom_property(REASONS_PROPERTY))


def _asked(blessing: standard_artifacts.InfraBlessing) -> set[tuple[str, int]]:
    """Returns the requests that warm a server up: signature, and number of rows."""
    warmup = f"{path_utils.stamped_model_path(blessing.uri)}/{WARMUP_PATH}"
    asked = set()
    for record in tf.data.TFRecordDataset(warmup).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        [values] = request.inputs.values()
        asked.add((request.model_spec.signature_name, values.tensor_shape.dim[0].size))
    return asked


def test_every_signature_is_asked_and_warmed_up(validate: Callable):
    blessing = validate()

    assert _reasons(blessing) == []
    assert _asked(blessing) == {
        *((name, rows) for name in ("serving_default", "serve_images") for rows in (1, 20, 3)),
        *(("classify", rows) for rows in (1, 20, 3)),
        *(("transform_features", rows) for rows in (1, 20)),
    }


def test_scores_that_the_trained_model_did_not_give_are_refused(validate: Callable):
    reasons = "\n".join(_reasons(validate(np.fliplr)))

    for signature in ("serving_default", "serve_images", "classify"):
        assert f"signature {signature} and the model as it was trained: prob" in reasons


def test_of_large_images_fewer_warm_a_server_up(validate: Callable):
    blessing = validate(data=COLOURS.model_copy(update={"height": 512, "width": 512}))

    assert _reasons(blessing) == []
    # Five of 768 KB are within the 4 MB of a request.
    assert {rows for _, rows in _asked(blessing)} == {1, 5, 3}
