"""Runs that export their model: what is published with it, and what is refused."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import onnx
import pytest
from ml_metadata import MetadataStore

from components.model_exporter.exporting import SIGNATURE
from components.model_exporter.formats import ExportFormat
from components.model_exporter.proof.asking import ask_export
from components.versioned_directory.versions import Version
from pipeline.config import PipelineConfig
from runners.exports.images import ImagesMissingError, read_run_images, read_source_images
from runners.metadata.connection import sqlite_connection
from serving.models.config import ModelConfig
from serving.models.policy import All
from support.compiled_pipelines import CompiledWorkspace, compile_workspace
from support.disks.small import in_a_small_mount
from support.exports.node import require_node
from support.serving.threads import running_server
from support.waiting import DEADLINE_SECONDS
from support.workspaces import Run, Workspace

EXPORTS = "exports=[onnx,tflite]"


@pytest.fixture(scope="module")
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace()


@pytest.fixture(scope="module")
def exported(workspace: Workspace) -> Run:
    run = workspace.run(EXPORTS)
    assert run.exit_code == 0, run.output
    return run


@contextmanager
def _edited(workspace: Workspace, name: str, old: str, new: str) -> Iterator[None]:
    """Within the block, a file of the workspace's ModelExporter is another one."""
    path = workspace.folder / "components" / "model_exporter" / name
    text = path.read_text()
    assert text.count(old) == 1
    # Python takes what it has compiled for a source of the same second and the same length.
    assert len(new) != len(old)
    path.write_text(text.replace(old, new))
    try:
        yield
    finally:
        path.write_text(text)


@pytest.fixture
def asks_too_much(workspace: Workspace) -> Iterator[None]:
    """The workspace's code asks of ONNX what no file can hold."""
    old = "ExportFormat.ONNX: _SINGLE_PRECISION"
    new = "ExportFormat.ONNX: Bounds(min_agreement=1.5, max_difference=1e-5)"
    with _edited(workspace, "formats.py", old, new):
        yield


def _versions(workspace: Workspace) -> set[str]:
    return {path.name for path in workspace.serving_model_dir.glob("[0-9]*")}


def test_exports_are_published_with_their_version_and_told(exported: Run, workspace: Workspace):
    version = Path(exported.outcome["pushed_to"])

    folder = version / "assets.extra" / "exports"
    assert {path.name for path in folder.iterdir()} == {"exports.json", "onnx", "tflite"}
    record = json.loads((version / "assets.extra" / "push.json").read_text())
    assert [export["format"] for export in record["exports"]] == ["tflite", "onnx"]
    for export in record["exports"]:
        for name, digest in export["files"].items():
            path = folder / export["format"] / name
            assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
            assert record["files"][str(path.relative_to(version))] == digest
    assert exported.outcome["exports"] == record["exports"]
    assert "  tflite    0.2" in exported.output
    models = workspace.tfx_mnist("models").stdout
    assert "exports tflite 0.22 MB, onnx 0.22 MB" in models
    lineage = workspace.tfx_mnist("lineage", version.name).stdout
    for export in record["exports"]:
        assert f"export {export['format']}  by " in lineage
        for name, digest in export["files"].items():
            assert f"{digest}  {folder / export['format'] / name}" in lineage


def test_an_unchanged_run_exports_nothing_anew_in_whichever_order_formats_are_named(
    exported: Run, workspace: Workspace
):
    run = workspace.run("exports=[tflite,onnx,tflite]")

    assert run.states["ModelExporter"] == run.states["Pusher"] == "cached"
    assert run.outcome["exports"] == exported.outcome["exports"]


@pytest.mark.usefixtures("exported", "asks_too_much")
def test_an_export_that_fails_its_gate_keeps_the_model_from_being_pushed(workspace: Workspace):
    before = _versions(workspace)

    run = workspace.run(EXPORTS)

    assert run.exit_code == 3, run.output
    assert "NOT BLESSED, nothing was pushed" in run.output
    assert "onnx: agreement on 400 test images is 1.0000, expected at least 1.5" in run.output
    assert _versions(workspace) == before


@pytest.mark.usefixtures("exported", "asks_too_much")
def test_an_export_that_is_not_required_is_left_out_and_told(workspace: Workspace):
    run = workspace.run(EXPORTS, "exports_required=false")

    assert run.exit_code == 0, run.output
    assert (
        "left out: onnx: agreement on 400 test images is 1.0000, expected at least 1.5"
        in run.output
    )
    folder = Path(run.outcome["pushed_to"]) / "assets.extra" / "exports"
    assert {path.name for path in folder.iterdir()} == {"exports.json", "tflite"}


def test_without_node_a_run_that_asks_for_tensorflow_js_does_not_start(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(workspace.folder))

    run = workspace.run("exports=[tfjs]")

    assert run.exit_code == 1
    assert "tfjs: an export counts once it has answered in Node: expected Node 18" in run.output
    assert "sudo apt-get install nodejs npm" in run.output
    assert run.outcome["nodes"] == []


def test_without_node_an_orchestrators_first_node_says_so(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    compiled: CompiledWorkspace = compile_workspace(workspace, "exports=[tfjs]")
    monkeypatch.setenv("PATH", str(workspace.folder))

    answer = compiled.run("IdxExampleGen", run_id="without node")

    assert answer.returncode == 1
    assert "IdxExampleGen failed: NodeMissingError: tfjs: an export counts once" in answer.stdout


def test_a_server_takes_nothing_of_a_versions_exports_and_answers_as_they_do(
    exported: Run, mnist_idx_folder: Callable[..., Path], tmp_path: Path
):
    version = Path(exported.outcome["pushed_to"])
    shutil.copytree(version, tmp_path / "models" / version.name)
    mnist_idx_folder(tmp_path / "data", num_train=1, num_test=20, compress=False)
    pixels = (tmp_path / "data" / "t10k-images-idx3-ubyte").read_bytes()[16:]
    images = np.frombuffer(pixels, np.uint8).reshape(-1, 28, 28)
    models = [ModelConfig(name="digits", base_path=str(tmp_path / "models"), policy=All())]

    with running_server(models=models, port=None) as running:
        url = f"{running.url}/v1/models/digits"
        request = {"signature_name": SIGNATURE, "instances": images.tolist()}
        with httpx.Client(timeout=DEADLINE_SECONDS) as client:
            states = client.get(url).json()["model_version_status"]
            rows = client.post(f"{url}:predict", json=request).json()["predictions"]

    assert [(state["version"], state["state"]) for state in states] == [(version.name, "AVAILABLE")]
    folder = shutil.copytree(version / "assets.extra" / "exports" / "onnx", tmp_path / "onnx")
    probabilities = ask_export(ExportFormat.ONNX, folder, SIGNATURE, images).batched[
        "probabilities"
    ]
    assert np.allclose([row["probabilities"] for row in rows], probabilities, rtol=0, atol=1e-5)


def _data_root(workspace: Workspace) -> Path:
    return workspace.folder / "data" / "mnist"


@pytest.fixture
def without_examples(exported: Run, workspace: Workspace) -> Iterator[None]:
    """The examples of all runs are gone."""
    assert exported.exit_code == 0
    folder = workspace.root / "IdxExampleGen"
    aside = folder.rename(workspace.root / "aside")
    yield
    aside.rename(folder)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns the folder of temporary files, which is empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.mark.usefixtures("exported")
def test_a_pushed_version_is_exported_without_a_run(
    workspace: Workspace, tmp_path: Path, temporary: Path
):
    version = max(_versions(workspace))

    answer = workspace.tfx_mnist("export", "--format=onnx", f"--output={tmp_path / 'exports'}")

    assert answer.returncode == 0, answer.stderr
    assert f"version {version}: " in answer.stdout
    assert "images: from the examples of its run" in answer.stdout
    assert f"Wrote {tmp_path / 'exports'}" in answer.stdout
    assert {path.name for path in (tmp_path / "exports").iterdir()} == {"exports.json", "onnx"}
    properties = {
        entry.key: entry.value
        for entry in onnx.load(tmp_path / "exports" / "onnx" / "model.onnx").metadata_props
    }
    assert properties["version"] == version
    # What finds the push record, whichever exports the version itself has.
    record = json.loads(
        (workspace.serving_model_dir / version / "assets.extra" / "push.json").read_text()
    )
    assert properties["model_digest"] == record["model_digest"]
    assert "absl::InitializeLog()" not in answer.stdout + answer.stderr
    assert not list(temporary.iterdir())


@pytest.mark.usefixtures("without_examples")
def test_without_the_examples_of_its_run_a_version_is_exported_with_its_data_files(
    workspace: Workspace, tmp_path: Path
):
    number = min(_versions(workspace))

    answer = workspace.tfx_mnist(
        "export", number, "--format=tflite", f"--output={tmp_path / 'exports'}"
    )

    assert answer.returncode == 0, answer.stderr
    assert f"images: from {_data_root(workspace)}" in answer.stdout
    assert (tmp_path / "exports" / "tflite" / "model.tflite").is_file()


@pytest.fixture
def store(exported: Run, workspace: Workspace) -> MetadataStore:
    assert exported.exit_code == 0
    return MetadataStore(sqlite_connection(str(workspace.root / "metadata.db")))


@pytest.fixture
def version(exported: Run) -> Version:
    path = Path(exported.outcome["pushed_to"])
    return Version(int(path.name), path)


def test_the_same_images_are_drawn_from_the_examples_as_from_the_data_files(
    store: MetadataStore, version: Version, workspace: Workspace
):
    config = PipelineConfig(data_root=str(_data_root(workspace)))

    of_run = read_run_images(store, version, (28, 28), with_calibration=True)
    of_files = read_source_images(version, config, (28, 28), with_calibration=True)

    assert of_run.test.shape == (400, 28, 28)
    assert of_run.calibration.shape == (300, 28, 28)
    assert np.array_equal(of_run.test, of_files.test)
    assert np.array_equal(of_run.calibration, of_files.calibration)


def test_examples_of_which_a_file_is_gone_are_not_taken_for_all(
    store: MetadataStore, version: Version, workspace: Workspace
):
    [shard] = (workspace.root / "IdxExampleGen" / "examples").glob(
        "*/Split-train/*-00000-of-00001*"
    )
    of_two = shard.rename(shard.with_name(shard.name.replace("of-00001", "of-00002")))

    try:
        without_calibration = read_run_images(store, version, (28, 28), with_calibration=False)
        with pytest.raises(
            ImagesMissingError,
            match="received 1 fewer, such as no -00001-of-00002, in the split train",
        ):
            read_run_images(store, version, (28, 28), with_calibration=True)
    finally:
        of_two.rename(shard)

    assert without_calibration.test.shape == (400, 28, 28)
    assert without_calibration.calibration.shape == (0, 28, 28)


@pytest.mark.usefixtures("without_examples")
def test_other_data_than_those_of_the_version_are_refused_by_name_and_digest(
    workspace: Workspace, tmp_path: Path
):
    path = _data_root(workspace) / "t10k-labels-idx1-ubyte.gz"
    content = path.read_bytes()
    path.write_bytes(content + b"more")

    answer = workspace.tfx_mnist("export", "--format=tflite", f"--output={tmp_path / 'exports'}")
    path.write_bytes(content)

    assert answer.returncode == 1
    expected, received = (hashlib.sha256(data).hexdigest() for data in (content, content + b"more"))
    assert f"{path.name}: expected SHA-256 {expected}, received {received}" in answer.stderr
    assert not (tmp_path / "exports").exists()


@pytest.mark.usefixtures("without_examples")
def test_without_examples_and_data_files_nothing_is_exported(workspace: Workspace, tmp_path: Path):
    answer = workspace.tfx_mnist(
        *("export", "--format=tflite", f"--output={tmp_path / 'exports'}"),
        f"--set=data_root={tmp_path}",
    )

    assert answer.returncode == 1
    assert "expected the examples of its run" in answer.stderr
    assert str(tmp_path) in answer.stderr
    assert "Set data_root to the folder of the files that the model was made from" in answer.stderr
    assert not (tmp_path / "exports").exists()


def test_damaged_examples_give_way_to_the_data_files(
    exported: Run, workspace: Workspace, tmp_path: Path
):
    assert exported.exit_code == 0
    [shard] = (workspace.root / "IdxExampleGen" / "examples").glob("*/Split-test/*")
    content = shard.read_bytes()
    shard.write_bytes(content[:1000])

    answer = workspace.tfx_mnist("export", "--format=tflite", f"--output={tmp_path / 'exports'}")
    shard.write_bytes(content)

    assert answer.returncode == 0, answer.stderr
    assert f"images: from {_data_root(workspace)}" in answer.stdout


def test_a_version_without_a_record_is_not_compared_on_data_that_may_be_others(
    exported: Run, workspace: Workspace, tmp_path: Path
):
    copy = tmp_path / "7"
    shutil.copytree(exported.outcome["pushed_to"], copy)
    (copy / "assets.extra" / "push.json").unlink()

    answer = workspace.tfx_mnist(
        "export", str(copy), "--format=tflite", f"--output={tmp_path / 'exports'}"
    )

    assert answer.returncode == 1
    assert "no files can be known to be its own" in answer.stderr
    assert not (tmp_path / "exports").exists()


@pytest.mark.usefixtures("exported")
def test_a_full_disk_is_one_error_and_leaves_nothing(workspace: Workspace, tmp_path: Path):
    then_list = ["sh", "-c", f'"$@"; code=$?; ls -A "{tmp_path}"; exit $code', "-"]
    command = workspace.command("export", "--format=tflite", f"--output={tmp_path / 'exports'}")

    answer = subprocess.run(
        [*in_a_small_mount(tmp_path, "200k"), *then_list, *command],
        cwd=workspace.folder,
        check=False,
        capture_output=True,
        text=True,
    )

    assert answer.returncode == 1
    assert "No space left on device" in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert [line.split(":")[0] for line in answer.stdout.splitlines()[1:]] == ["images"]


@pytest.mark.usefixtures("exported")
def test_a_folder_that_cannot_be_made_is_one_error(workspace: Workspace):
    answer = workspace.tfx_mnist("export", "--format=tflite", "--output=/proc/exports")

    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: /proc/exports: cannot be written: ")
    assert answer.stderr.count("\n") == 1


@pytest.mark.usefixtures("exported")
def test_an_export_that_is_stopped_leaves_nothing(
    workspace: Workspace, tmp_path: Path, temporary: Path
):
    started = "    images = np.load(request.calibration_images)"
    stops_its_caller = "    import os, signal\n    os.kill(os.getppid(), 15)\n    signal.pause()"

    with _edited(workspace, "conversion/with_tensorflow.py", started, stops_its_caller):
        answer = workspace.tfx_mnist(
            "export", "--format=tflite", f"--output={tmp_path / 'out' / 'exports'}"
        )

    assert answer.returncode == 1
    assert answer.stderr.strip() == "Aborted!"
    assert not list((tmp_path / "out").iterdir())
    assert not list(temporary.iterdir())


@pytest.mark.usefixtures("exported")
def test_an_export_whose_converter_was_killed_keeps_the_log_and_names_it(
    workspace: Workspace, tmp_path: Path, temporary: Path
):
    started = "    images = np.load(request.calibration_images)"
    killed = "    import os\n    os.kill(os.getpid(), 9)"

    with _edited(workspace, "conversion/with_tensorflow.py", started, killed):
        answer = workspace.tfx_mnist(
            "export", "--format=tflite", f"--output={tmp_path / 'exports'}"
        )

    assert answer.returncode == 1
    assert "received signal 9 (Killed). No export has been judged" in answer.stderr
    [log] = temporary.iterdir()
    assert answer.stderr.endswith(f" Log: {log}\n")
    assert "with_tensorflow" in log.read_text()
    assert not (tmp_path / "exports").exists()


@pytest.mark.usefixtures("exported")
def test_a_model_without_the_signature_is_one_error(workspace: Workspace, tmp_path: Path):
    with _edited(workspace, "exporting.py", '"serve_images"', '"serve_speech_too"'):
        answer = workspace.tfx_mnist(
            "export", "--format=tflite", f"--output={tmp_path / 'exports'}"
        )

    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: ")
    assert "expected a signature 'serve_speech_too', received classify, " in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.usefixtures("exported", "asks_too_much")
def test_an_exported_format_that_fails_its_gate_is_not_there(
    workspace: Workspace, tmp_path: Path, temporary: Path
):
    formats = ("--format=onnx", "--format=tflite")

    answer = workspace.tfx_mnist("export", *formats, f"--output={tmp_path / 'exports'}")

    assert answer.returncode == 3, answer.stderr
    assert "left out: onnx: agreement on 400 test images is 1.0000" in answer.stdout
    [log] = temporary.iterdir()
    assert f"log: {log}\n" in answer.stdout
    assert "Not exported: onnx: agreement on 400 test images is 1.0000" in log.read_text()
    assert {path.name for path in (tmp_path / "exports").iterdir()} == {"exports.json", "tflite"}


@pytest.mark.usefixtures("exported")
def test_a_demo_is_written_with_the_model_that_was_pushed(workspace: Workspace, tmp_path: Path):
    require_node()

    answer = workspace.tfx_mnist("export", f"--demo={tmp_path / 'demo'}")

    assert answer.returncode == 0, answer.stderr
    assert f"Wrote {tmp_path / 'demo'}" in answer.stdout
    version = max(_versions(workspace))
    assert f"tfx-mnist, version {version}" in (tmp_path / "demo" / "index.html").read_text()
    assert (tmp_path / "demo" / "model" / "model.json").is_file()


@pytest.mark.usefixtures("exported")
def test_without_node_nothing_is_converted(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))

    answer = workspace.tfx_mnist("export", "--format=tfjs", f"--output={tmp_path / 'exports'}")

    assert answer.returncode == 1
    assert "tfjs: an export counts once it has answered in Node" in answer.stderr
    assert not (tmp_path / "exports").exists()
