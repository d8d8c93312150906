"""What AtomicPusher takes, and what it reads of where a model comes from."""

from pathlib import Path

import pandas as pd
import pytest
import tensorflow_model_analysis as tfma
from tfx.components.pusher.component import Pusher
from tfx.proto import pusher_pb2
from tfx.types import Artifact, Channel, standard_artifacts

from components.atomic_pusher.component import AtomicPusher
from components.atomic_pusher.origin import read_origin
from components.versioned_directory.push_record import PushOrigin
from modules.data_spec import MNIST, DataSpec


def _read_origin(*, data: DataSpec = MNIST, **inputs: Artifact) -> PushOrigin:
    return read_origin(
        {key: [artifact] for key, artifact in inputs.items()},
        pipeline_name="digits",
        run_id="a run",
        code_digest="c0de",
        data=data,
    )


def test_metrics_are_those_over_all_rows(tmp_path: Path):
    evaluation = standard_artifacts.ModelEvaluation()
    evaluation.uri = str(tmp_path)
    tfma.analyze_raw_data(
        pd.DataFrame({"label": [0, 1, 1, 1], "prediction": [0.1, 0.9, 0.2, 0.8]}),
        tfma.EvalConfig(
            model_specs=[tfma.ModelSpec(label_key="label", prediction_key="prediction")],
            slicing_specs=[tfma.SlicingSpec(), tfma.SlicingSpec(feature_keys=["label"])],
            metrics_specs=[
                tfma.MetricsSpec(metrics=[tfma.MetricConfig(class_name="BinaryAccuracy")])
            ],
        ),
        output_path=evaluation.uri,
    )

    assert _read_origin(evaluation=evaluation).metrics["binary_accuracy"] == 0.75


def test_the_fingerprint_of_data_is_that_of_the_files_whatever_their_times():
    examples = standard_artifacts.Examples()
    examples.set_string_custom_property("source_train_images", "ab12  train-images-idx3-ubyte")
    examples.set_string_custom_property("input_fingerprint", "num_files:4,sum_checksum:1763")
    first = _read_origin(examples=examples)

    examples.set_string_custom_property("input_fingerprint", "num_files:4,sum_checksum:1764")
    touched = _read_origin(examples=examples)
    examples.set_string_custom_property("source_train_images", "cd34  train-images-idx3-ubyte")
    changed = _read_origin(examples=examples)

    assert first.data_files == {"train-images-idx3-ubyte": "ab12"}
    assert first.data_fingerprint == touched.data_fingerprint != changed.data_fingerprint


def test_the_fingerprint_of_another_example_gen_is_tfx_s_own():
    examples = standard_artifacts.Examples()
    examples.set_string_custom_property("input_fingerprint", "num_files:4,sum_checksum:1763")

    assert _read_origin(examples=examples).data_fingerprint == "num_files:4,sum_checksum:1763"


def test_the_names_of_classes_are_those_that_the_pipeline_was_told():
    assert _read_origin(data=DataSpec(class_names=("Hat", "Bag"))).class_names == ("Hat", "Bag")


def test_what_is_not_given_is_empty():
    assert _read_origin() == PushOrigin(pipeline_name="digits", run_id="a run", code_digest="c0de")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"keep_versions": 0}, "keep_versions: expected 1 or more, received 0"),
        ({"push_destination": pusher_pb2.PushDestination()}, "expected filesystem.base_directory"),
        ({"model": None}, "expected a model, or an infra_blessing that holds one"),
    ],
)
def test_arguments_out_of_bounds_are_refused(arguments: dict[str, object], message: str):
    legal = {
        "push_destination": pusher_pb2.PushDestination(filesystem={"base_directory": "/serving"}),
        "model": Channel(type=standard_artifacts.Model),
    }

    with pytest.raises(ValueError, match=message):
        AtomicPusher(**{**legal, **arguments})


def test_it_takes_the_place_of_tfx_s_pusher():
    component = AtomicPusher(
        pusher_pb2.PushDestination(filesystem={"base_directory": "/serving"}),
        model=Channel(type=standard_artifacts.Model),
    )

    assert isinstance(component, Pusher)
    assert component.outputs["pushed_model"].type == standard_artifacts.PushedModel
    assert component.exec_properties["code_digest"]
