"""The pipeline as compiled for Kubeflow, its steps run one after another without a cluster."""

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ml_metadata import MetadataStore

from runners.metadata.connection import sqlite_connection
from runners.metadata.records import read_run
from support.kubeflow.driver import LocalDriver
from support.project import PROJECT
from support.workspaces import Workspace

# What adds a node.
_EVERYTHING = ("exports=[tflite]", "tuning.enabled=true", "tuning.trials=1", "tuning.epochs=1")

components = pytest.importorskip("kfp.components", reason="kfp installs on Python 3.11 only")


@pytest.fixture(scope="module")
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace()


def _compile(workspace: Workspace, name: str, *settings: str, **orchestration: object) -> Path:
    """Compiles for Kubeflow with the workspace as the shared volume; returns the YAML's path."""
    file = workspace.folder / f"{name}-settings.yaml"
    file.write_text(yaml.safe_dump(orchestration))
    output = workspace.folder / "compiled" / f"{name}.yaml"
    answer = workspace.tfx_mnist(
        *("compile", "kubeflow", "--settings", str(file), "--output", str(output)),
        *(f"--set={setting}" for setting in (*workspace.settings, *settings)),
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.splitlines() == [
        str(output.with_suffix(suffix)) for suffix in (".yaml", ".ir.json", ".graph.json")
    ]
    return output


@pytest.fixture(scope="module")
def one_step_per_node(workspace: Workspace) -> Path:
    """What the example in deploy/ compiles to."""
    settings = yaml.safe_load((PROJECT / "deploy" / "kubeflow" / "settings.yaml").read_text())
    return _compile(workspace, "one_step_per_node", *_EVERYTHING, **settings)


@pytest.fixture(scope="module")
def driver(
    workspace: Workspace, one_step_per_node: Path, tmp_path_factory: pytest.TempPathFactory
) -> LocalDriver:
    """Three steps, which saves ten starts of TensorFlow and TFX in a run."""
    graph = json.loads(one_step_per_node.with_suffix(".graph.json").read_text())
    nodes = [node["node_id"] for node in graph["nodes"]]
    trainer = nodes.index("Trainer")
    pipeline = _compile(
        workspace,
        "three_steps",
        *_EVERYTHING,
        image="not pulled",
        image_home=str(workspace.folder),
        compiled_folder=str(workspace.folder / "compiled"),
        mlmd=f"sqlite://{workspace.root / 'metadata.db'}",
        mlmd_password={"secret": "tfx-mlmd", "key": "password"},
        volumes=[{"claim": "workspace", "path": str(workspace.folder)}],
        groups={"Prepare": nodes[:trainer], "Decide": nodes[trainer + 1 :]},
        retries=1,
    )
    return LocalDriver(
        pipeline=pipeline,
        folder=tmp_path_factory.mktemp("kubeflow"),
        working_directory=workspace.folder,
        python_folder=workspace.warm_python.bin,
        secrets={"tfx-mlmd": {"password": "unused by SQLite"}},
    )


def test_each_node_is_a_step_after_those_upstream_and_kfp_accepts_the_file(
    one_step_per_node: Path,
):
    text = one_step_per_node.read_text()
    spec = next(yaml.safe_load_all(text))
    ends = {task["taskInfo"]["name"]: task for task in spec["root"]["dag"]["tasks"].values()}
    tasks = spec["components"][ends["Nodes"]["componentRef"]["name"]]["dag"]["tasks"]
    names = {step: task["taskInfo"]["name"] for step, task in tasks.items()}
    graph = json.loads(one_step_per_node.with_suffix(".graph.json").read_text())

    assert {
        names[step]: {names[other] for other in task.get("dependentTasks", ())}
        for step, task in tasks.items()
    } == {node["node_id"]: set(node["upstream"]) for node in graph["nodes"]}
    assert components.load_component_from_text(text).name == "tfx-mnist"


def test_the_steps_push_a_model_and_report_what_they_did(driver: LocalDriver, workspace: Workspace):
    run = driver.run("first")
    steps = run.steps

    assert run.state == "SUCCEEDED"
    assert list(steps) == ["Prepare", "Trainer", "Decide", "FinalReport"]
    assert {step.exit_code for step in steps.values()} == {0}, steps
    assert {step.tries for step in steps.values()} == {1}
    [version] = workspace.serving_model_dir.glob("[0-9]*")
    assert "| feature | split | type | missing | mean |" in steps["Prepare"].report
    assert "No anomalies in the splits train, eval, test." in steps["Prepare"].report
    assert "Tuner complete" in steps["Prepare"].report
    assert "Evaluator complete: BLESSED" in steps["Decide"].report
    assert "ModelExporter complete: exported" in steps["Decide"].report
    assert f"Pusher complete: pushed version {version.name}" in steps["Decide"].report
    assert f"Blessed, and pushed as version {version.name}" in steps["FinalReport"].report
    assert (version / "assets.extra" / "exports" / "tflite" / "model.tflite").is_file()
    store = MetadataStore(sqlite_connection(str(workspace.root / "metadata.db")))
    graph = json.loads(driver.pipeline.with_suffix(".graph.json").read_text())
    assert set(read_run(store, "first")) == {node["node_id"] for node in graph["nodes"]}


def test_a_parameter_of_a_run_reaches_the_evaluator_and_a_skipped_step_is_no_failure(
    driver: LocalDriver, workspace: Workspace
):
    run = driver.run("strict", thresholds_accuracy=0.9999)
    steps = run.steps

    assert run.state == "SUCCEEDED"
    assert {step.exit_code for step in steps.values()} == {0}, steps
    assert "Trainer cached" in steps["Trainer"].report
    assert "Evaluator complete: NOT BLESSED" in steps["Decide"].report
    assert "Pusher skipped: nothing was pushed" in steps["Decide"].report
    assert len(list(workspace.serving_model_dir.glob("[0-9]*"))) == 1


def test_every_run_ends_with_its_report_and_the_command_line_makes_it_again(
    driver: LocalDriver, workspace: Workspace
):
    nowhere = str(workspace.folder / "nowhere")
    runs = {
        "reported": driver.run("reported"),
        "refused": driver.run("refused", thresholds_accuracy=0.9999),
        "failed": driver.run("failed", data_root=nowhere),
    }

    [version] = workspace.serving_model_dir.glob("[0-9]*")
    expected = {
        "reported": [
            f"Blessed, and pushed before as version {version.name}",
            "Other formats, against the SavedModel",
        ],
        "refused": ["Not blessed; nothing was pushed", "accuracy of all is "],
        "failed": ["Failed in IdxExampleGen", nowhere],
    }
    for run_id, texts in expected.items():
        final = runs[run_id].steps["FinalReport"]
        assert final.exit_code == 0, final.output
        for page in (final.report, _report(workspace, run_id)):
            assert all(text in page for text in texts), (run_id, texts)


def _report(workspace: Workspace, run_id: str) -> str:
    """Returns the page that the command line makes of a run of an orchestrator."""
    output = workspace.folder / f"{run_id}.html"
    mlmd = f"--mlmd=sqlite://{workspace.root / 'metadata.db'}"
    answer = workspace.tfx_mnist("report", run_id, mlmd, f"--output={output}")
    assert answer.returncode == 0, answer.stderr
    return output.read_text()


def test_a_step_that_fails_is_tried_again_and_ends_the_run(
    driver: LocalDriver, workspace: Workspace
):
    new_process = dataclasses.replace(driver, python_folder=Path(sys.executable).parent)

    run = new_process.run("no data", data_root=str(workspace.folder / "nowhere"))
    steps = run.steps

    assert run.state == "FAILED"
    assert list(steps) == ["Prepare", "FinalReport"]
    assert steps["FinalReport"].exit_code == 0
    assert (steps["Prepare"].exit_code, steps["Prepare"].tries) == (1, 2)
    assert "IdxExampleGen failed: " in steps["Prepare"].output
    assert str(workspace.folder / "nowhere") in steps["Prepare"].report
