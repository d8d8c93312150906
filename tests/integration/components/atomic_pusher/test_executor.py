"""AtomicPusher's executor with a real SavedModel, and the component."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.dsl.io import fileio
from tfx.proto import pusher_pb2
from tfx.types import Artifact, Channel, standard_artifacts
from tfx.utils import path_utils

from components.atomic_pusher.component import AtomicPusher
from components.atomic_pusher.executor import Executor
from components.versioned_directory.push_record import parse_record, read_record
from components.versioned_directory.rollback import roll_back
from components.versioned_directory.versions import PushError, list_versions
from support.exports.folders import write_exports

Push = Callable[..., Artifact]


class HalfPlus(tf.Module):
    """x / 2 + a constant, under the signature that servers use by default."""

    def __init__(self, constant: float) -> None:
        super().__init__()
        self.constant = tf.Variable(constant)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def serve(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": x / 2.0 + self.constant}


def _export(folder: Path, constant: float, signature: str = "serving_default") -> Path:
    module = HalfPlus(constant)
    tf.saved_model.save(module, str(folder), signatures={signature: module.serve})
    return folder


def _artifact(artifact_type: type[Artifact], uri: Path, **properties: int | str) -> Artifact:
    artifact = artifact_type()
    artifact.uri = str(uri)
    for name, value in properties.items():
        if isinstance(value, int):
            artifact.set_int_custom_property(name, value)
        else:
            artifact.set_string_custom_property(name, value)
    return artifact


def _predict(version: Path, x: float) -> float:
    serve = tf.saved_model.load(str(version)).signatures["serving_default"]
    return float(serve(x=tf.constant([x]))["y"][0])


@pytest.fixture
def model(tmp_path: Path) -> Artifact:
    """Half plus two, as the Trainer leaves it."""
    artifact = _artifact(standard_artifacts.Model, tmp_path / "model")
    _export(Path(path_utils.serving_model_path(artifact.uri)), 2.0)
    return artifact


@pytest.fixture
def push(tmp_path: Path) -> Push:
    """Returns a function that pushes what it is given to tmp_path/serving, as TFX would."""

    def make(base_directory: str = str(tmp_path / "serving"), **inputs: Artifact) -> Artifact:
        component = AtomicPusher(
            pusher_pb2.PushDestination(filesystem={"base_directory": base_directory}),
            **{
                key: Channel(type=type(artifact)).set_artifacts([artifact])
                for key, artifact in inputs.items()
            },
            model_code_digest="c0de",
        )
        pushed_model = _artifact(standard_artifacts.PushedModel, tmp_path / "pushed_model")
        Executor(Executor.Context(pipeline_run_id="a run")).Do(
            {key: [artifact] for key, artifact in inputs.items()},
            {"pushed_model": [pushed_model]},
            _exec_properties(component),
        )
        return pushed_model

    return make


def _exec_properties(component: AtomicPusher) -> dict[str, object]:
    return dict(component.exec_properties)


def test_a_blessed_model_is_pushed_and_answers(tmp_path: Path, push: Push, model: Artifact):
    pushed_model = push(
        model=model,
        model_blessing=_artifact(standard_artifacts.ModelBlessing, tmp_path, blessed=1),
        infra_blessing=_artifact(standard_artifacts.InfraBlessing, tmp_path, blessed=1),
    )

    [version] = list_versions(tmp_path / "serving")
    assert _predict(version.path, 3.0) == 3.5
    assert _predict(Path(pushed_model.uri), 3.0) == 3.5
    assert pushed_model.get_int_custom_property("pushed") == 1
    assert pushed_model.get_string_custom_property("pushed_version") == str(version.number)
    assert pushed_model.get_string_custom_property("pushed_destination") == str(version.path)


@pytest.mark.parametrize(
    ("key", "artifact_type"),
    [
        ("model_blessing", standard_artifacts.ModelBlessing),
        ("infra_blessing", standard_artifacts.InfraBlessing),
    ],
)
def test_without_one_of_the_blessings_nothing_is_pushed(
    tmp_path: Path, push: Push, model: Artifact, key: str, artifact_type: type[Artifact]
):
    blessings = {
        "model_blessing": _artifact(standard_artifacts.ModelBlessing, tmp_path, blessed=1),
        "infra_blessing": _artifact(standard_artifacts.InfraBlessing, tmp_path, blessed=1),
        key: _artifact(artifact_type, tmp_path, blessed=0),
    }

    pushed_model = push(model=model, **blessings)

    assert pushed_model.get_int_custom_property("pushed") == 0
    assert not (tmp_path / "serving").exists()


def test_the_model_that_the_infra_blessing_holds_comes_first(
    tmp_path: Path, push: Push, model: Artifact
):
    blessing = _artifact(
        standard_artifacts.InfraBlessing, tmp_path / "infra", blessed=1, has_model=1
    )
    stamped = _export(Path(path_utils.stamped_model_path(blessing.uri)), 2.0)
    warm_up = stamped / "assets.extra" / "tf_serving_warmup_requests"
    warm_up.parent.mkdir()
    warm_up.write_bytes(b"requests")

    push(model=model, infra_blessing=blessing)

    [version] = list_versions(tmp_path / "serving")
    assert (version.path / "assets.extra" / warm_up.name).read_bytes() == b"requests"
    assert version.record.origin.model_uri == model.uri


def test_a_push_that_was_killed_before_metadata_knew_is_found_again(
    tmp_path: Path, push: Push, model: Artifact
):
    lost = push(model=model)
    shutil.rmtree(lost.uri)

    found = push(model=model)

    [version] = list_versions(tmp_path / "serving")
    assert found.get_string_custom_property("pushed_version") == str(version.number)
    assert (Path(found.uri) / "saved_model.pb").exists()


def test_a_model_without_its_variables_is_not_published(
    tmp_path: Path, push: Push, model: Artifact
):
    for file in Path(path_utils.serving_model_path(model.uri)).glob("variables/*.data-*"):
        file.unlink()

    with pytest.raises(PushError, match=f"{model.uri}: expected a SavedModel that loads"):
        push(model=model)
    assert [path.name for path in (tmp_path / "serving").iterdir()] == [".lock"]


def test_a_model_without_the_default_signature_is_not_published(tmp_path: Path, push: Push):
    model = _artifact(standard_artifacts.Model, tmp_path / "other")
    _export(Path(path_utils.serving_model_path(model.uri)), 2.0, signature="other")

    with pytest.raises(PushError, match=r"expected a signature 'serving_default', received other"):
        push(model=model)
    assert list_versions(tmp_path / "serving") == []


def test_the_record_tells_run_model_code_and_data(tmp_path: Path, push: Push, model: Artifact):
    examples = _artifact(
        standard_artifacts.Examples,
        tmp_path,
        source_train_images="ab12  train-images-idx3-ubyte.gz",
        source_test_labels="cd34  t10k-labels-idx1-ubyte.gz",
        num_rows_train=5,
    )

    push(model=model, examples=examples)

    origin = list_versions(tmp_path / "serving")[0].record.origin
    assert (origin.run_id, origin.model_uri, origin.code_digest) == ("a run", model.uri, "c0de")
    assert origin.data_files == {
        "train-images-idx3-ubyte.gz": "ab12",
        "t10k-labels-idx1-ubyte.gz": "cd34",
    }
    assert len(origin.data_fingerprint) == 64


@pytest.fixture
def exports(tmp_path: Path) -> Artifact:
    artifact = _artifact(standard_artifacts.Model, tmp_path / "exports", blessed=1)
    write_exports(Path(artifact.uri), b"a graph")
    return artifact


def test_exports_are_published_with_their_model_and_a_rollback_carries_them(
    tmp_path: Path, push: Push, model: Artifact, exports: Artifact
):
    path = "assets.extra/exports/onnx/model.onnx"
    pushed_model = push(model=model, exports=exports)
    assert (Path(pushed_model.uri) / path).read_bytes() == b"a graph"
    other = _artifact(standard_artifacts.Model, tmp_path / "other")
    _export(Path(path_utils.serving_model_path(other.uri)), 3.0)
    push(model=other)

    roll_back(tmp_path / "serving", None, now=time.time())

    first, without, rolled_back = list_versions(tmp_path / "serving")
    for version in (first, rolled_back):
        assert (version.path / path).read_bytes() == b"a graph"
        assert _predict(version.path, 3.0) == 3.5
        assert [export.format for export in version.record.exports] == ["onnx"]
        assert version.record.files[path] == version.record.exports[0].files["model.onnx"]
    assert without.record.exports == ()
    assert not (without.path / "assets.extra" / "exports").exists()


def test_exports_that_were_refused_keep_their_model_from_being_pushed(
    tmp_path: Path, push: Push, model: Artifact, exports: Artifact
):
    exports.set_int_custom_property("blessed", 0)

    pushed_model = push(model=model, exports=exports)

    assert pushed_model.get_int_custom_property("pushed") == 0
    assert not (tmp_path / "serving").exists()


@pytest.mark.parametrize("is_whole_folder", [False, True], ids=["a file", "all of them"])
def test_exports_that_are_not_those_of_their_manifest_are_not_published(
    tmp_path: Path, push: Push, model: Artifact, exports: Artifact, *, is_whole_folder: bool
):
    folder = Path(exports.uri)
    if is_whole_folder:
        shutil.rmtree(folder)
        folder.mkdir()
    else:
        (folder / "onnx" / "model.onnx").write_bytes(b"a gra")

    with pytest.raises(PushError, match=r"exports: expected the files that exports\.json there"):
        push(model=model, exports=exports)

    assert not (tmp_path / "serving").exists()


@pytest.mark.parametrize("scheme", ["", "ram://with_exports"])
def test_a_model_that_gets_exports_is_pushed_anew_and_its_digest_stays(
    tmp_path: Path, push: Push, model: Artifact, exports: Artifact, scheme: str
):
    base = f"{scheme}{tmp_path}/serving"

    versions = [
        push(base, model=model, **more).get_string_custom_property("pushed_destination")
        for more in ({}, {"exports": exports}, {"exports": exports})
    ]

    assert len(set(versions)) == 2
    assert versions[1] == versions[2]
    records = []
    for version in versions[:2]:
        with fileio.open(f"{version}/assets.extra/push.json") as file:
            records.append(parse_record(file.read()))
    assert records[0].model_digest == records[1].model_digest
    assert records[0].files.items() < records[1].files.items()


def test_a_remote_directory_gets_the_model_its_record_and_the_next_number(
    push: Push, model: Artifact
):
    base = "ram://serving"
    fileio.makedirs(f"{base}/5000000000")

    pushed_model = push(base, model=model)
    again = push(base, model=model)

    target = f"{base}/5000000001"
    assert pushed_model.get_string_custom_property("pushed_destination") == target
    assert again.get_string_custom_property("pushed_destination") == target
    assert _predict(Path(pushed_model.uri), 3.0) == 3.5
    with fileio.open(f"{target}/assets.extra/push.json") as file:
        record = parse_record(file.read())
    for path in record.files:
        assert fileio.exists(f"{target}/{path}")


def test_a_remote_model_is_pushed_to_a_local_directory(tmp_path: Path, push: Push):
    model = standard_artifacts.Model()
    model.uri = "ram://pipeline/model"
    module = HalfPlus(4.0)
    tf.saved_model.save(
        module,
        path_utils.serving_model_path(model.uri),
        signatures={"serving_default": module.serve},
    )

    push(model=model)

    [version] = list_versions(tmp_path / "serving")
    assert _predict(version.path, 2.0) == 5.0
    assert read_record(version.path).origin.model_uri == "ram://pipeline/model"
