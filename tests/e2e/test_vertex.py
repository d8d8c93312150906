"""The pipeline as compiled for Vertex AI, its tasks run without Google Cloud."""

import dataclasses
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.config_sources import load_config
from support.vertex.driver import LocalVertex, TaskRun
from support.waiting import DEADLINE_SECONDS
from support.workspaces import Workspace

pytest.importorskip("kfp", reason="kfp installs on Python 3.11 only")

BUCKET = "gs://tfx-mnist-test"


@pytest.fixture(scope="module")
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace()


@pytest.fixture(scope="module")
def pipeline(workspace: Workspace) -> Path:
    """The pipeline with everything in a bucket."""
    return _compile(
        workspace,
        "tfx-mnist.json",
        *("exports=[tflite]", "tuning.enabled=true", "tuning.trials=1", "tuning.epochs=1"),
    )


def _compile(workspace: Workspace, name: str, *settings_of_pipeline: str) -> Path:
    output = workspace.folder / "compiled" / name
    settings = workspace.folder / "settings.yaml"
    image = {"image": "not pulled", "image_home": str(workspace.folder)}
    settings.write_text(yaml.safe_dump({**image, "retries": 1}))
    answer = workspace.tfx_mnist(
        *("compile", "vertex", "--settings", str(settings), "--output", str(output)),
        *workspace.arguments(*settings_of_pipeline),
        *(f"--set={key}={BUCKET}/{key}" for key in ("data_root", "serving_model_dir")),
        f"--set=pipeline_root={BUCKET}/runs",
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.splitlines() == [str(output)]
    assert answer.stderr == ""
    return output


@pytest.fixture(scope="module")
def vertex(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> LocalVertex:
    folder = tmp_path_factory.mktemp("bucket")
    shutil.copytree(workspace.folder / "data" / "mnist", folder / "data_root")
    return LocalVertex(
        bucket=BUCKET,
        folder=folder,
        working_directory=workspace.folder,
        python_folder=workspace.warm_python.bin,
    )


@pytest.fixture(scope="module")
def first_run(pipeline: Path, vertex: LocalVertex) -> dict[str, TaskRun]:
    return vertex.run(pipeline, "first")


def _versions(vertex: LocalVertex) -> list[Path]:
    return list((vertex.folder / "serving_model_dir").glob("[0-9]*"))


def test_the_tasks_push_a_model_that_knows_its_data(
    first_run: dict[str, TaskRun], vertex: LocalVertex, workspace: Workspace
):
    failed = {name: task.output for name, task in first_run.items() if task.state != "SUCCEEDED"}
    assert not failed
    [version] = _versions(vertex)
    [pushed] = first_run["Pusher"].artifacts["pushed_model"]
    assert pushed["metadata"]["pushed_version"] == version.name
    [examples] = first_run["IdxExampleGen"].artifacts["examples"]
    sources = {
        value.partition("  ")[2]: value.partition("  ")[0]
        for key, value in examples["metadata"].items()
        if key.startswith("source_")
    }
    assert len(sources) == 4
    record = json.loads((version / "assets.extra" / "push.json").read_text())
    assert record["origin"]["data_files"] == sources
    assert record["origin"]["tuned"] == {
        name: load_config(overrides=workspace.settings).training.model_dump()[name]
        for name in ("learning_rate", "filters", "dropout", "label_smoothing", "augment")
    }
    [export] = record["exports"]
    assert export["format"] == "tflite"
    assert (version / "assets.extra" / "exports" / "tflite" / "model.tflite").is_file()


def test_the_report_is_an_artifact_of_a_task_that_needs_no_blessing(
    first_run: dict[str, TaskRun], pipeline: Path
):
    [report] = first_run["RunReport"].artifacts["report"]

    page = (Path(report["uri"]) / "report.html").read_text()
    assert "Accepted by Evaluator and ServabilityValidator" in page
    assert "taken for a" in page
    tasks = json.loads(pipeline.read_text())["pipelineSpec"]["root"]["dag"]["tasks"]
    assert "condition" not in tasks["RunReport"].get("triggerPolicy", {})


def test_a_first_run_finds_neither_a_baseline_nor_accepted_statistics(
    first_run: dict[str, TaskRun],
):
    resolved = [task for task in first_run.values() if not task.tries]
    assert [list(task.artifacts.values()) for task in resolved] == [[[]]] * 3


def test_a_run_with_parameters_does_again_what_they_change_and_compares_with_the_last(
    pipeline: Path, vertex: LocalVertex, first_run: dict[str, TaskRun]
):
    second = vertex.run(pipeline, "second", training_epochs=1, thresholds_accuracy=0.9999)

    assert {name for name, task in second.items() if task.state == "CACHED"} == {
        *("IdxExampleGen", "SchemaImporter", "StatisticsGen", "SchemaGen", "ExampleValidator"),
        "Transform",
    }
    [model_run] = second["Trainer"].artifacts["model_run"]
    assert [row["epoch"] for row in _history(model_run)] == [1]
    accepted = first_run["AnomalyGate"].artifacts["accepted_statistics"]
    assert second["previous_statistics_resolver"].artifacts["accepted_statistics"] == accepted
    [blessing] = second["Evaluator"].artifacts["blessing"]
    [baseline] = first_run["Trainer"].artifacts["model"]
    assert blessing["metadata"]["baseline_model_id"] == baseline["name"]
    assert blessing["metadata"]["blessed"] == 0
    # Both blessings are a condition for it, and the Pusher comes after it.
    assert second["ModelExporter"].state == "NOT_TRIGGERED"
    assert "Pusher" not in second
    assert second["RunReport"].state == "SUCCEEDED"
    assert len(_versions(vertex)) == 1


@pytest.mark.usefixtures("first_run")
def test_another_pipeline_in_the_same_project_does_not_find_this_ones_model(
    pipeline: Path, vertex: LocalVertex
):
    executors = json.loads(pipeline.read_text())["pipelineSpec"]["deploymentSpec"]["executors"]
    resolver = executors["latest_blessed_model_resolver-model-blessing-resolver_executor"]
    query = resolver["resolver"]["outputArtifactQueries"]["model_blessing"]["filter"]

    assert vertex.store.find(query)
    assert not vertex.store.find(query.replace('"tfx-mnist"', '"fashion"'))


def test_data_that_are_not_there_fail_the_first_task_and_nothing_else_starts(
    pipeline: Path, vertex: LocalVertex
):
    nowhere = str(vertex.folder / "nowhere")
    new_process = dataclasses.replace(vertex, python_folder=Path(sys.executable).parent)

    tasks = new_process.run(pipeline, "no data", data_root=nowhere)

    assert tasks["IdxExampleGen"].state == "FAILED"
    assert nowhere in tasks["IdxExampleGen"].output
    assert "StatisticsGen" not in tasks


@pytest.mark.usefixtures("first_run")
def test_two_workers_train_together_to_a_model_that_is_pushed(
    workspace: Workspace, vertex: LocalVertex
):
    pipeline = _compile(
        workspace,
        "workers.json",
        *("training.strategy=multi_worker_mirrored", "training.workers=2"),
        "training.batch_size_per_replica=32",
        f"training.worker_timeout_seconds={DEADLINE_SECONDS}",
    )
    versions = _versions(vertex)

    run = vertex.run(pipeline, "workers", thresholds_max_accuracy_drop=1.0)

    trainer = run["Trainer"]
    assert trainer.state == "SUCCEEDED", trainer.output
    for replica in ("chief 0", "worker 0"):
        assert f"{replica}: waiting for all of" in trainer.output
    assert run["Transform"].state == "CACHED"
    [model_run] = trainer.artifacts["model_run"]
    assert [row["epoch"] for row in _history(model_run)] == [1, 2]
    [blessing] = run["Evaluator"].artifacts["blessing"]
    assert blessing["metadata"]["blessed"] == 1
    assert run["Pusher"].state == "SUCCEEDED", run["Pusher"].output
    assert len(_versions(vertex)) == len(versions) + 1


def _history(model_run: dict[str, Any]) -> list[dict[str, float]]:
    return json.loads((Path(model_run["uri"]) / "history.json").read_text())
