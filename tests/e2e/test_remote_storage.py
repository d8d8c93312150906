"""The pipeline with everything but its metadata in a bucket: gs:// roots, as on Vertex AI.

TensorFlow's and Beam's own clients for Google Cloud Storage do the work; what they talk to is a
stand-in on this machine, which is busy at every hundredth request.
"""

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from serving.client.rest import RestClient
from support.compiled_pipelines import CompiledWorkspace, compile_workspace
from support.gcs.stand_in import GcsStandIn, serve_gcs
from support.serving.process import ServeProcess
from support.warm_python.processes import WarmPython
from support.workspaces import Workspace

BUCKET = "bucket"
FIRST = {"training__epochs": 4}


@pytest.fixture(scope="module")
def storage(
    tmp_path_factory: pytest.TempPathFactory, mnist_idx_folder: Callable[..., Path]
) -> Iterator[GcsStandIn]:
    """A bucket with the data, to which every gs:// path of a new process leads."""
    folder = tmp_path_factory.mktemp("storage")
    # Not compressed: such files are read in ranges of rows.
    data = mnist_idx_folder(folder / "mnist", num_train=2000, num_test=400, compress=False)
    with serve_gcs(folder, BUCKET) as server, pytest.MonkeyPatch.context() as patch:
        server.upload_folder(data, f"gs://{BUCKET}/data/mnist")
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server


@pytest.fixture(scope="module")
def warm_python(storage: GcsStandIn) -> Iterator[WarmPython]:
    """One of its own: TensorFlow reads some of these settings while it is imported."""
    assert os.environ["HTTPS_PROXY"] == storage.environment["HTTPS_PROXY"]
    with WarmPython() as warm:
        yield warm


@pytest.fixture(scope="module")
def compiled(make_workspace: Callable[..., Workspace], storage: GcsStandIn) -> CompiledWorkspace:
    """The pipeline, compiled; nothing that it reads is left on this machine."""
    workspace = make_workspace()
    storage.upload_folder(workspace.folder / "data" / "schema", f"gs://{BUCKET}/data/schema")
    shutil.rmtree(workspace.folder / "data")
    compiled = compile_workspace(
        workspace,
        f"data_root=gs://{BUCKET}/data/mnist",
        f"schema_path=gs://{BUCKET}/data/schema/schema.pbtxt",
        f"pipeline_root=gs://{BUCKET}/runs",
        f"serving_model_dir=gs://{BUCKET}/serving",
        f"metadata_path={workspace.root / 'metadata.db'}",
        "examples.rows_per_shard=700",
    )
    storage.upload_folder(compiled.ir_path.parent, f"gs://{BUCKET}/compiled")
    uploaded = f"gs://{BUCKET}/compiled/{compiled.ir_path.name}"
    return dataclasses.replace(compiled, uploaded_ir=uploaded)


@pytest.fixture(scope="module")
def half_trained(compiled: CompiledWorkspace, storage: GcsStandIn) -> set[str]:
    """What a Trainer that was killed in its second epoch has left in its outputs."""
    nodes = compiled.node_ids
    process = compiled.start(*nodes[: nodes.index("Trainer") + 1], run_id="first", **FIRST)
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "Epoch 2/" in line:
            break
    process.kill()
    assert process.wait() < 0, "".join(lines)
    return set(_list_files(storage, "runs/Trainer/model"))


@pytest.fixture(scope="module")
def first_run(
    half_trained: set[str], compiled: CompiledWorkspace
) -> subprocess.CompletedProcess[str]:
    """The run goes on with the node that was killed."""
    assert half_trained
    nodes = compiled.node_ids
    answer = compiled.run(*nodes[nodes.index("Trainer") :], run_id="first", **FIRST)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer


def _list_files(storage: GcsStandIn, prefix: str) -> list[str]:
    """Returns the names of the objects that are no mere marks of a folder."""
    return [name for name in storage.store.names(BUCKET, prefix) if not name.endswith("/")]


def _versions(storage: GcsStandIn) -> list[str]:
    """Returns the versions that a model server would load, oldest first."""
    names = _list_files(storage, "serving/")
    return [name.split("/")[1] for name in names if name.endswith("/saved_model.pb")]


def test_a_killed_training_goes_on_from_the_bucket_and_its_half_made_outputs_are_gone(
    half_trained: set[str], first_run: subprocess.CompletedProcess[str], storage: GcsStandIn
):
    assert "Going on after epoch " in first_run.stderr
    assert "Epoch 1/4" not in first_run.stderr
    assert "Epoch 4/4" in first_run.stderr
    logs_of_killed = {name for name in half_trained if "tfevents" in name}
    assert logs_of_killed
    assert not logs_of_killed & set(_list_files(storage, "runs/"))
    assert _list_files(storage, "runs/Trainer/backup/") == []


def test_the_pushed_version_is_whole_and_saved_model_came_last(
    first_run: subprocess.CompletedProcess[str], storage: GcsStandIn
):
    version = _versions(storage)[0]
    assert f"pushed version {version} to gs://{BUCKET}/serving/{version}" in first_run.stdout
    prefix = f"serving/{version}/"
    files = {
        name.removeprefix(prefix): storage.store.get(BUCKET, name)
        for name in _list_files(storage, prefix)
    }
    assert max(files, key=lambda name: files[name].generation) == "saved_model.pb"
    record = json.loads(files.pop("assets.extra/push.json").content)
    assert record["files"] == {
        name: hashlib.sha256(file.content).hexdigest() for name, file in files.items()
    }
    assert "assets.extra/tf_serving_warmup_requests" in files


def test_the_last_task_of_a_run_writes_its_report_to_the_bucket(
    first_run: subprocess.CompletedProcess[str], compiled: CompiledWorkspace, storage: GcsStandIn
):
    assert first_run.returncode == 0

    answer = compiled.report_on("first")

    page = "runs/reports/tfx-mnist/first.html"
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.endswith(f"The report of run first is gs://{BUCKET}/{page}\n")
    [version] = _versions(storage)
    text = storage.store.get(BUCKET, page).content.decode()
    assert f"Blessed, and pushed as version {version}" in text
    assert "Confusion matrix" in text


def test_a_model_that_is_judged_again_is_not_pushed_twice(
    first_run: subprocess.CompletedProcess[str], compiled: CompiledWorkspace, storage: GcsStandIn
):
    assert first_run.returncode == 0
    before = _versions(storage)

    again = compiled.run(*compiled.node_ids, run_id="again", thresholds__accuracy=0.2, **FIRST)

    assert again.returncode == 0, again.stdout + again.stderr
    assert "Trainer cached" in again.stdout
    assert f"Pusher complete: pushed version {before[-1]} " in again.stdout
    assert _versions(storage) == before


def test_another_model_is_compared_with_the_first_and_becomes_the_highest_version(
    first_run: subprocess.CompletedProcess[str], compiled: CompiledWorkspace, storage: GcsStandIn
):
    assert first_run.returncode == 0
    [*_, before] = _versions(storage)
    half_made = int(before) + 1_000_000
    storage.store.put(BUCKET, f"serving/{half_made}/fingerprint.pb", b"of a push that was killed")

    other = compiled.run(
        *compiled.node_ids, run_id="other", training__epochs=2, thresholds__max_accuracy_drop=1
    )

    assert other.returncode == 0, other.stdout + other.stderr
    assert "IdxExampleGen cached" in other.stdout
    assert "accuracy change of all is " in other.stdout
    [*_, last] = _versions(storage)
    assert int(last) > half_made


def test_a_server_loads_the_newest_version_from_the_bucket(
    first_run: subprocess.CompletedProcess[str],
    storage: GcsStandIn,
    serve_process: Callable[..., ServeProcess],
):
    assert first_run.returncode == 0

    server = serve_process(
        "--model_name=mnist",
        f"--model_base_path=gs://{BUCKET}/serving",
        "--max_num_load_retries=0",
    )

    with RestClient(server.url, "mnist") as client:
        images = np.zeros((2, 28, 28), np.uint8)
        prediction = client.predict({"images": images}, signature_name="serve_images")
    assert prediction.outputs["probabilities"].shape == (2, 10)
    assert f"version: {_versions(storage)[-1]}" in server.log.read_text()
    assert server.stop() == 0


def test_bad_data_are_named_and_no_examples_stay_in_the_bucket(
    compiled: CompiledWorkspace, storage: GcsStandIn
):
    for name in _list_files(storage, "data/mnist/"):
        content = storage.store.get(BUCKET, name).content
        # The last label of the training set, so that earlier shards are written by then.
        bad = content[:-1] + b"M" if "train-labels" in name else content
        storage.store.put(BUCKET, name.replace("data/mnist", "data/bad"), bad)

    answer = compiled.run("IdxExampleGen", run_id="bad", data_root=f"gs://{BUCKET}/data/bad")

    assert answer.returncode == 1
    path = f"gs://{BUCKET}/data/bad/train-labels-idx1-ubyte"
    expected = f"IdxExampleGen failed: IdxError: {path}: expected labels from 0 to 9, received 77"
    assert answer.stdout.startswith(expected)
    [execution] = compiled.read_executions("IdxExampleGen", "bad")
    assert _list_files(storage, f"runs/IdxExampleGen/examples/{execution.id}/") == []


def test_both_clients_were_understood_and_nothing_was_written_beside_the_bucket(
    first_run: subprocess.CompletedProcess[str], compiled: CompiledWorkspace, storage: GcsStandIn
):
    assert first_run.returncode == 0
    assert storage.api.not_understood == []
    assert storage.refused_hosts == []
    assert len(storage.clients) > 1000  # so that it was busy ten times at least
    clients = {name.partition("/")[0] for name in storage.clients}
    assert {"TSL", "apache-beam"} <= clients
    workspace = compiled.workspace
    assert [path.name for path in workspace.root.iterdir()] == ["metadata.db"]
    assert not workspace.serving_model_dir.exists()
    assert not (workspace.folder / "gs:").exists()
