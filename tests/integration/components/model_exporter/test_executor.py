"""ModelExporter on real artifacts: when it exports, what it refuses, and where models may be."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tfx.types import Artifact, standard_artifacts
from tfx.utils import io_utils, path_utils

from components.model_exporter.artifact import REASONS_PROPERTY, is_blessed
from components.model_exporter.executor import Executor
from components.model_exporter.formats import ExportFormat
from components.servability_validator.requests import serialize_images
from components.versioned_directory.exports import parse_manifest
from modules.data_spec import DATA_SPEC_KEY, MNIST
from support.exports.models import ExportableModel
from support.mnist_model import read_mnist


def _write_split(examples: Artifact, split: str, images: np.ndarray) -> None:
    folder = Path(examples.path(split=split))
    folder.mkdir(parents=True)
    shards = np.array_split(images, 2)
    for number, shard in enumerate(shards):
        path = folder / f"data_tfrecord-0000{number}-of-00002.gz"
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for record in serialize_images(shard):
                writer.write(record)


@pytest.fixture
def export(model: ExportableModel, tmp_path: Path) -> Callable[..., Artifact]:
    """Returns a function that runs the executor and returns the exports."""

    def run(
        *formats: ExportFormat,
        num_train: int = 300,
        num_test: int = 200,
        required: bool = True,
        is_good: bool = True,
        is_servable: bool = True,
        root: str = str(tmp_path),
    ) -> Artifact:
        examples = standard_artifacts.Examples()
        examples.uri = str(tmp_path / "examples")
        examples.splits = ["train", "test"]
        _write_split(examples, "train", read_mnist("train", 400)[0][:num_train])
        _write_split(examples, "test", model.images.test[:num_test])
        examples.set_string_custom_property("source_test_images", f"{'0' * 64}  t10k-images")
        model_blessing = standard_artifacts.ModelBlessing()
        model_blessing.uri = f"{root}/model_blessing"
        name = "BLESSED" if is_good else "NOT_BLESSED"
        io_utils.write_string_file(f"{model_blessing.uri}/{name}", "")
        model_blessing.set_int_custom_property("blessed", int(is_good))
        infra_blessing = standard_artifacts.InfraBlessing()
        infra_blessing.uri = f"{root}/infra_blessing"
        name = "INFRA_BLESSED" if is_servable else "INFRA_NOT_BLESSED"
        io_utils.write_string_file(f"{infra_blessing.uri}/{name}", "")
        infra_blessing.set_int_custom_property("blessed", int(is_servable))
        io_utils.copy_dir(str(model.saved_model), path_utils.stamped_model_path(infra_blessing.uri))
        exports = standard_artifacts.Model()
        exports.uri = f"{root}/exports"
        Executor().Do(
            {
                "model": [standard_artifacts.Model()],
                "model_blessing": [model_blessing],
                "infra_blessing": [infra_blessing],
                "examples": [examples],
            },
            {"exports": [exports]},
            {
                "formats": json.dumps(formats),
                "required": int(required),
                "test_split": "test",
                "train_split": "train",
                "model_code_digest": "c0de",
                DATA_SPEC_KEY: MNIST.model_dump_json(),
            },
        )
        return exports

    return run


def _reasons(exports: Artifact) -> list[str]:
    return json.loads(exports.get_string_custom_property(REASONS_PROPERTY))


def _read(path: str) -> str:
    return tf.io.gfile.GFile(path).read()


def test_a_blessed_model_in_a_storage_that_no_converter_reaches_is_exported(export: Callable):
    # TensorFlow keeps ram:// in the memory of one process.
    exports = export(ExportFormat.TFLITE, root="ram://storage")

    assert is_blessed(exports)
    assert _reasons(exports) == []
    [record] = parse_manifest(_read(f"{exports.uri}/exports.json")).exports
    assert record.test_images == 200
    assert tf.io.gfile.exists(f"{exports.uri}/tflite/model.tflite")


@pytest.mark.parametrize(
    ("blessings", "reason"),
    [
        ({"is_good": False}, "nothing was exported, since the model is not blessed"),
        ({"is_servable": False}, "nothing was exported, since the model is not servable"),
    ],
)
def test_a_model_without_a_blessing_is_not_exported(
    export: Callable, blessings: dict[str, bool], reason: str
):
    exports = export(ExportFormat.TFLITE, **blessings)

    assert not is_blessed(exports)
    assert _reasons(exports) == [reason]
    assert [path.name for path in Path(exports.uri).iterdir()] == ["exports.json"]


def test_a_format_that_fails_its_gate_is_told_and_the_others_stand(export: Callable):
    exports = export(ExportFormat.TFLITE, ExportFormat.TFLITE_INT8, num_train=20)

    assert not is_blessed(exports)
    assert _reasons(exports) == ["tflite_int8: calibration took 20 images, expected at least 100"]
    assert {path.name for path in Path(exports.uri).iterdir()} == {"exports.json", "tflite"}


def test_a_format_that_is_not_required_is_left_out(export: Callable):
    exports = export(ExportFormat.TFLITE_INT8, num_train=20, required=False)

    assert is_blessed(exports)
    manifest = parse_manifest(_read(f"{exports.uri}/exports.json"))
    assert manifest.exports == ()
    assert (
        tuple(_reasons(exports))
        == manifest.reasons
        == ("tflite_int8: calibration took 20 images, expected at least 100",)
    )


def test_an_empty_test_split_is_named_and_no_verdict_is_reached(export: Callable, tmp_path: Path):
    with pytest.raises(ValueError, match=r"examples: split 'test' has no examples to compare"):
        export(ExportFormat.TFLITE, num_test=0)

    assert not (tmp_path / "exports").exists()
