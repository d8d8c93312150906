"""Exports of a real model: files that load elsewhere, and conversions that fail in silence."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from components.child_process import HostFaultError
from components.model_exporter.exporting import SIGNATURE, Images
from components.model_exporter.formats import ExportFormat
from components.model_exporter.reference import SignatureError, read_image_shape
from components.versioned_directory.exports import ExportManifest, ExportRecord, parse_manifest
from support.exports.models import DESCRIPTION, ExportableModel
from support.exports.node import require_node


def _records(manifest: ExportManifest) -> dict[str, ExportRecord]:
    return {record.format: record for record in manifest.exports}


def test_nothing_of_an_export_is_reported_to_the_maker_of_a_runtime(
    model: ExportableModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY")

    manifest = model.export(tmp_path / "exports", ExportFormat.ONNX)

    assert manifest.faults == {}
    # Where ONNX Runtime keeps an id of the machine, and what is yet to be sent.
    assert not list(home.rglob("*onnxruntime*"))


def test_each_format_has_a_folder_and_a_record_of_what_was_measured(
    exports: tuple[Path, ExportManifest], model: ExportableModel
):
    folder, manifest = exports

    assert manifest.faults == {}
    assert parse_manifest((folder / "exports.json").read_text()) == manifest
    records = _records(manifest)
    assert list(records) == ["tflite", "tflite_float16", "tflite_int8", "onnx"]
    for name, record in records.items():
        assert record.agreement == 1.0
        assert record.test_images == 1000
        assert record.latency_ms > 0
        assert record.peak_memory_bytes > 10e6
        assert record.conversion_seconds > 0
        paths = list((folder / name).iterdir())
        assert record.files == {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
        }
        assert record.num_bytes == sum(path.stat().st_size for path in paths)
    assert records["tflite"].max_difference <= 1e-5
    assert 1e-5 < records["tflite_float16"].max_difference <= 5e-3
    assert 5e-3 < records["tflite_int8"].max_difference <= 0.1
    assert records["tflite"].tools == {
        name: version(name) for name in ("tensorflow", "ai-edge-litert")
    }
    assert {name: record.calibration_images for name, record in records.items()} == {
        "tflite": 0,
        "tflite_float16": 0,
        "tflite_int8": 300,
        "onnx": 0,
    }
    assert (
        records["tflite_int8"].calibration_digest
        == hashlib.sha256(model.images.calibration.tobytes()).hexdigest()
    )


def test_a_tflite_file_names_its_classes_in_a_zip_archive_of_its_own(
    exports: tuple[Path, ExportManifest],
):
    with zipfile.ZipFile(exports[0] / "tflite_int8" / "model.tflite") as archive:
        assert archive.read("labels.txt").decode().splitlines() == [str(n) for n in range(10)]


def test_an_onnx_file_says_what_it_is_and_takes_any_batch(exports: tuple[Path, ExportManifest]):
    model = onnx.load(exports[0] / "onnx" / "model.onnx")

    onnx.checker.check_model(model, full_check=True)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    assert properties.items() >= DESCRIPTION.properties.items()
    assert json.loads(properties["class_names"]) == [str(number) for number in range(10)]
    assert model.model_version == 0
    assert [entry.version for entry in model.opset_import if entry.domain == ""] == [18]
    for tensor in (*model.graph.input, *model.graph.output):
        assert tensor.type.tensor_type.shape.dim[0].dim_param == "batch"


def test_triton_reads_the_configuration_beside_an_onnx_file(exports: tuple[Path, ExportManifest]):
    text = (exports[0] / "onnx" / "config.pbtxt").read_text()

    config = text_format.Parse(text, model_config_pb2.ModelConfig())

    assert config.name == "digits"
    assert config.backend == "onnxruntime"
    [images] = config.input
    assert (images.name, images.data_type, [*images.dims]) == (
        "images",
        model_config_pb2.TYPE_UINT8,
        [28, 28],
    )
    outputs = {output.name: output for output in config.output}
    assert [*outputs["probabilities"].dims] == [10]
    # A number for each image: Triton has no other word for it.
    assert [*outputs["classes"].dims] == [1]
    assert [*outputs["classes"].reshape.shape] == []


def test_a_graph_model_of_tensorflow_js_answers_as_the_model_does(
    model: ExportableModel, tmp_path: Path
):
    node = require_node()

    manifest = model.export(tmp_path / "exports", ExportFormat.TFJS)

    assert manifest.faults == {}
    [record] = manifest.exports
    assert record.agreement == 1.0
    assert record.max_difference <= 1e-5
    assert record.tools["node"] == node.version
    graph_model = json.loads((tmp_path / "exports" / "tfjs" / "model.json").read_text())
    assert list(graph_model["signature"]["outputs"]) == ["classes", "probabilities"]
    assert graph_model["userDefinedMetadata"].items() >= DESCRIPTION.properties.items()
    operations = {node["op"] for node in graph_model["modelTopology"]["node"]}
    # Folded into the convolutions, which is what makes the file as small as the official one.
    assert not {name for name in operations if "BatchNorm" in name or "ReadVariable" in name}


def _save_without_an_export(folder: Path) -> Path:
    """Saves a Keras model as `tf.saved_model.save` does, whose variables converters lose."""
    network = keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8"),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )

    @tf.function(input_signature=[tf.TensorSpec([None, 28, 28], tf.uint8, name="images")])
    def serve_images(images: tf.Tensor) -> dict[str, tf.Tensor]:
        probabilities = network(images)
        return {"probabilities": probabilities, "classes": tf.argmax(probabilities, axis=1)}

    tf.saved_model.save(network, str(folder), {SIGNATURE: serve_images})
    return folder


def test_a_saved_model_of_the_wrong_kind_is_not_exported_to_nonsense(
    model: ExportableModel, tmp_path: Path
):
    wrong = replace(model, saved_model=_save_without_an_export(tmp_path / "model"))

    manifest = wrong.export(tmp_path / "exports", ExportFormat.TFLITE)

    assert manifest.exports == ()
    assert manifest.faults["tflite"][0].startswith("agreement on 1000 test images is 0.")
    assert not (tmp_path / "exports" / "tflite").exists()


def _empty(images: np.ndarray) -> np.ndarray:
    return images[:0]


def _single(images: np.ndarray) -> np.ndarray:
    return images[:1]


def _scaled(images: np.ndarray) -> np.ndarray:
    return (images / 255).astype(np.uint8)


def _float(images: np.ndarray) -> np.ndarray:
    return images.astype(np.float32)


@pytest.mark.parametrize(
    ("spoil", "faults"),
    [
        (
            _empty,
            [
                "weights are of float32, int32, expected some of int8",
                "weights take 0.9",
                "calibration took 0 images, expected at least 100",
            ],
        ),
        (_single, ["calibration took 1 images, expected at least 100"]),
        (np.zeros_like, ["agreement on 1000 test images is 0."]),
        (_scaled, ["agreement on 1000 test images is 0."]),
        (_float, ["the conversion ended with ValueError: Cannot set tensor: Got value of type FL"]),
    ],
    ids=["none", "one", "zeros", "of another scale", "of another type"],
)
def test_calibration_images_that_spoil_an_int8_model_are_noticed(
    model: ExportableModel,
    tmp_path: Path,
    spoil: Callable[[np.ndarray], np.ndarray],
    faults: list[str],
):
    images = Images(test=model.images.test, calibration=spoil(model.images.calibration))

    manifest = model.export(tmp_path / "exports", ExportFormat.TFLITE_INT8, images=images)

    assert manifest.exports == ()
    found = manifest.faults["tflite_int8"]
    assert [any(each.startswith(fault) for each in found) for fault in faults] == [
        True for _ in faults
    ], found
    assert [path.name for path in (tmp_path / "exports").iterdir()] == ["exports.json"]


def test_a_signature_that_needs_other_operators_is_refused_loudly(
    model: ExportableModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    class Sorting(tf.Module):
        """Asks TensorFlow to sort strings, of which LiteRT knows nothing."""

        @tf.function(input_signature=[tf.TensorSpec([None, 28, 28], tf.uint8, name="images")])
        def serve_images(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
            texts = tf.strings.as_string(tf.reshape(images, [-1, 784])[:, :10])
            numbers = tf.strings.to_number(texts) + tf.range(10, dtype=tf.float32)
            probabilities = tf.nn.softmax(numbers)
            return {"probabilities": probabilities, "classes": tf.argmax(probabilities, axis=1)}

    module = Sorting()
    tf.saved_model.save(module, str(tmp_path / "model"), {SIGNATURE: module.serve_images})
    sorting = replace(model, saved_model=tmp_path / "model")

    manifest = sorting.export(tmp_path / "exports", ExportFormat.TFLITE)

    [fault] = manifest.faults["tflite"]
    assert fault.startswith("the conversion ended with ConverterError: ")
    assert "AsString" in fault
    # The whole has each operator with each place of the code that it comes from.
    assert len(fault) < 1100
    assert fault.endswith(" ... (more is in the log)")
    [whole] = [entry for entry in caplog.messages if entry.startswith("tflite: the conversion")]
    assert len(whole) > 1100
    assert "more is in the log" not in whole
    [log] = [entry for entry in caplog.messages if "The conversion to tflite failed" in entry]
    assert "Traceback" in log


def test_a_model_of_images_of_any_size_is_refused(tmp_path: Path):
    any_size = tf.TensorSpec([None, None, None], tf.uint8, name="images")
    corner = tf.function(lambda images: {"corner": images[:, 0, 0]}, input_signature=[any_size])
    tf.saved_model.save(tf.Module(), str(tmp_path / "model"), {SIGNATURE: corner})

    with pytest.raises(SignatureError, match=r"expected images of one size as input 'images'"):
        read_image_shape(tmp_path / "model", SIGNATURE)


def test_a_signature_of_two_inputs_is_refused_by_their_names(
    model: ExportableModel, tmp_path: Path
):
    class Blending(tf.Module):
        """Takes two pictures for one answer."""

        @tf.function(
            input_signature=[
                tf.TensorSpec([None, 28, 28], tf.uint8, name="left"),
                tf.TensorSpec([None, 28, 28], tf.uint8, name="right"),
            ]
        )
        def serve_images(self, left: tf.Tensor, right: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"probabilities": tf.cast(left - right, tf.float32)}

    module = Blending()
    tf.saved_model.save(module, str(tmp_path / "model"), {SIGNATURE: module.serve_images})
    blending = replace(model, saved_model=tmp_path / "model")

    with pytest.raises(SignatureError, match=r"expected one input of .*, received left, right"):
        blending.export(tmp_path / "exports", ExportFormat.TFLITE)

    assert not (tmp_path / "exports").exists()


@pytest.mark.parametrize(
    ("program", "request_name", "action", "received"),
    [
        (
            "with_tensorflow",
            "request.json",
            "os.kill(os.getpid(), signal.SIGKILL)",
            r"signal 9 \(",
        ),
        (
            "litert",
            "tflite.request",
            "raise OSError(28, os.strerror(28))",
            r"OSError: \[Errno 28\] No space left on device",
        ),
    ],
    ids=["a killed converter", "a full disk under a runtime"],
)
def test_a_fault_of_this_machine_is_no_verdict_on_a_format(  # noqa: PLR0913 - fixtures and cases
    *,
    model: ExportableModel,
    tmp_path: Path,
    at_request: Callable[[str, str, str], None],
    program: str,
    request_name: str,
    action: str,
    received: str,
):
    at_request(program, request_name, action)

    with pytest.raises(HostFaultError, match=f"received {received}.* No export has been judged"):
        model.export(tmp_path / "exports", ExportFormat.TFLITE)

    assert not (tmp_path / "exports").exists()
    assert not list(tmp_path.glob(".exports-*"))
