"""What a report says of serving: a SavedModel's signatures, and what its blessing carries."""

import json
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.run_report.content.serving import Signature, Tensor
from components.run_report.reading.serving import read_serving
from components.servability_validator.artifact import REASONS_PROPERTY, latency_property
from support.run_report.examples import save_model
from support.toy_models import save_mixer

EXAMPLES_SIGNATURE = Signature(
    name="serving_default",
    inputs=(Tensor(name="examples", dtype="string", shape="?"),),
    outputs=(Tensor(name="probabilities", dtype="float32", shape="? x ?"),),
)


class _Summary(tf.Module):
    """Answers one number about images of a known size."""

    @tf.function(input_signature=[tf.TensorSpec([2, 28, 28], tf.uint8, name="images")])
    def mean(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"mean": tf.reduce_mean(tf.cast(images, tf.float32))}


def _model(folder: Path) -> standard_artifacts.Model:
    artifact = standard_artifacts.Model()
    artifact.uri = str(folder / "model")
    return artifact


@pytest.fixture
def model(tmp_path: Path) -> standard_artifacts.Model:
    artifact = _model(tmp_path)
    save_model(Path(path_utils.serving_model_path(artifact.uri)))
    return artifact


def test_latencies_stand_with_the_most_that_they_may_be(model: standard_artifacts.Model):
    blessing = standard_artifacts.InfraBlessing()
    for percentile, milliseconds in {50: 0.8, 90: 1.25, 99: 2.0}.items():
        blessing.set_float_custom_property(latency_property(percentile), milliseconds)
    blessing.set_string_custom_property(REASONS_PROPERTY, "[]")

    serving = read_serving(model, blessing, 100.0)

    assert serving.latencies_ms == {"p50": 0.8, "p90": 1.25, "p99": 2.0}
    assert serving.max_p99_latency_ms == 100.0
    assert serving.reasons == ()
    assert serving.signatures == (EXAMPLES_SIGNATURE,)


def test_a_refusal_without_a_measurement_tells_its_reasons(model: standard_artifacts.Model):
    reasons = ["signature one: NaN", 'variables: "missing"']
    blessing = standard_artifacts.InfraBlessing()
    blessing.set_string_custom_property(REASONS_PROPERTY, json.dumps(reasons))

    serving = read_serving(model, blessing, 100.0)

    assert serving.reasons == tuple(reasons)
    assert serving.latencies_ms == {}


def test_a_blessing_of_another_validator_has_signatures_and_no_more(
    model: standard_artifacts.Model,
):
    blessing = standard_artifacts.InfraBlessing()
    blessing.set_int_custom_property("blessed", 1)  # as TFX's InfraValidator does

    serving = read_serving(model, blessing, 100.0)

    assert (serving.latencies_ms, serving.reasons) == ({}, ())
    assert serving.signatures == (EXAMPLES_SIGNATURE,)


def test_signatures_and_their_tensors_are_sorted_and_have_types_and_sizes(tmp_path: Path):
    model = _model(tmp_path)
    save_mixer(Path(path_utils.serving_model_path(model.uri)))

    serving = read_serving(model, standard_artifacts.InfraBlessing(), 100.0)

    # TensorFlow's own, which loads the variables, is not among them.
    assert [each.name for each in serving.signatures] == [
        "divide",
        "echo",
        "half",
        "mislabel",
        "serving_default",
        "summarize",
        "work",
    ]
    by_name = {each.name: each for each in serving.signatures}
    assert by_name["echo"].inputs == (
        Tensor(name="flag", dtype="bool", shape="?"),
        Tensor(name="large", dtype="int64", shape="?"),
        Tensor(name="small", dtype="uint8", shape="? x ?"),
    )
    assert by_name["serving_default"].inputs == (
        Tensor(name="name", dtype="string", shape="?"),
        Tensor(name="pair", dtype="float32", shape="? x 2"),
    )
    assert by_name["summarize"].outputs == (
        Tensor(name="count", dtype="int32", shape=""),
        Tensor(name="highest", dtype="int32", shape="1"),
    )


def test_sizes_that_are_known_are_told_as_they_are(tmp_path: Path):
    model = _model(tmp_path)
    summary = _Summary()
    path = path_utils.serving_model_path(model.uri)
    tf.saved_model.save(summary, path, {"serving_default": summary.mean})

    [signature] = read_serving(model, standard_artifacts.InfraBlessing(), 100.0).signatures

    assert signature.inputs == (Tensor(name="images", dtype="uint8", shape="2 x 28 x 28"),)
    assert signature.outputs == (Tensor(name="mean", dtype="float32", shape=""),)
