"""The DAG file as text; Airflow itself is in e2e."""

import ast
import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config import PipelineConfig
from runners.airflow.dag import render_dag
from runners.airflow.settings import AirflowSettings, Kubernetes
from runners.orchestration.graph import Graph, Node
from runners.orchestration.parameters import describe_parameters
from runners.orchestration.pod_paths import IMAGE_HOME

DIGEST = "0123456789abcdef"
MLMD = "postgresql://tfx@db/mlmd"
POD = {
    "image": "registry.example.com/tfx-mnist:1",
    "compiled_folder": "/tfx/compiled",
    "pod_template": {
        "spec": {"containers": [{"volumeMounts": [{"name": "shared", "mountPath": "/tfx"}]}]}
    },
}


@pytest.fixture(scope="module")
def graph() -> Graph:
    config = PipelineConfig(
        pipeline_root="/tfx/runs",
        serving_model_dir="/tfx/serving",
        data_root='/tfx/a "quoted" \\ folder',
        schema_path=f"{IMAGE_HOME}/data/schema/schema.pbtxt",
        model_card_path=f"{IMAGE_HOME}/docs/model_card.md",
    )
    return Graph(
        pipeline_name="tfx-mnist",
        nodes=(
            Node(node_id="Trainer", type="tfx.Trainer", upstream=()),
            Node(node_id="Pusher", type="tfx.Pusher", upstream=("Trainer",)),
        ),
        parameters=describe_parameters(config),
        config=config.model_dump(mode="json"),
    )


def _render(graph: Graph, **settings: object) -> str:
    return render_dag(graph, AirflowSettings.model_validate(settings), "tfx_mnist.ir.json", DIGEST)


def _constants(text: str) -> dict[str, object]:
    """Returns the values of the literals at the top level of the file."""
    values = {}
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            try:
                values[statement.targets[0].id] = ast.literal_eval(statement.value)
            except ValueError:  # computed, not a literal
                continue
    return values


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"schedule": "0 4 * * *"},
        {"assets": ["s3://bucket/mnist"]},
        {"kubernetes": POD, "mlmd": MLMD},
        {"groups": {"all": ["Trainer", "Pusher"]}},
    ],
    ids=["defaults", "schedule", "assets", "pods", "groups"],
)
def test_the_dag_file_is_clean_for_airflow_3_and_imports_nothing_of_ours(
    graph: Graph, settings: dict[str, object], tmp_path: Path
):
    file = tmp_path / "dag.py"
    file.write_text(_render(graph, **settings))

    rules = ["--isolated", "--select", "AIR3,F,E9", "--target-version", "py311"]
    answer = subprocess.run(
        [str(Path(sys.executable).with_name("ruff")), "check", *rules, str(file)],
        check=False,
        capture_output=True,
        text=True,
    )

    assert answer.returncode == 0, answer.stdout
    imported = {
        module.split(".")[0]
        for node in ast.walk(ast.parse(file.read_text()))
        for module in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - sys.stdlib_module_names == {"airflow"}


def test_tasks_and_parameters_stand_in_the_file_as_they_are(graph: Graph):
    constants = _constants(_render(graph, timeout_minutes=7, mlmd=MLMD))

    assert constants["PARAMS"] == graph.parameters
    assert constants["TASKS"]["Pusher"]["upstream"] == ["Trainer"]
    assert constants["TASKS"]["Pusher"]["timeout_minutes"] == 7
    assert constants["MLMD"] == ["--mlmd", MLMD]
    assert constants["IR_DIGEST"] == DIGEST
    assert "| Pusher | Pusher | Trainer |" in constants["DOC_MD"]
    assert "`/tfx/runs`" in constants["DOC_MD"]


def test_the_last_task_reports_on_the_run_and_is_tried_once(graph: Graph):
    report = _constants(_render(graph))["TASKS"]["FinalReport"]

    assert (report["nodes"], report["upstream"]) == ([], ["Pusher"])
    assert report["operator"] == {"retries": 0}
    assert report["timeout_minutes"] == 10


def test_one_task_may_differ_from_the_others(graph: Graph):
    trainer = {"timeout_minutes": 300, "retries": 0, "queue": "gpu"}

    tasks = _constants(_render(graph, tasks={"Trainer": trainer}))["TASKS"]

    assert tasks["Trainer"]["timeout_minutes"] == 300
    assert tasks["Trainer"]["operator"] == {"retries": 0, "queue": "gpu"}
    assert tasks["Pusher"]["operator"] == {}


def test_a_pod_keeps_its_template_and_gets_a_container_base(graph: Graph):
    template = {"spec": {"nodeSelector": {"disk": "fast"}, **POD["pod_template"]["spec"]}}
    [container] = POD["pod_template"]["spec"]["containers"]

    constants = _constants(_render(graph, kubernetes={**POD, "pod_template": template}, mlmd=MLMD))

    assert constants["POD_TEMPLATE"]["spec"]["nodeSelector"] == {"disk": "fast"}
    assert constants["POD_TEMPLATE"]["spec"]["containers"] == [{"name": "base", **container}]
    assert constants["IR"] == "/tfx/compiled/tfx_mnist.ir.json"


def test_a_setting_for_a_task_that_does_not_exist_is_refused(graph: Graph):
    with pytest.raises(ValueError, match="no such task: Tuner; the tasks are Trainer, Pusher, F"):
        _render(graph, tasks={"Tuner": {"retries": 1}})


def test_a_pod_with_a_second_container_is_refused(graph: Graph):
    containers = {"spec": {"containers": [{"name": "base"}, {"name": "sidecar"}]}}

    with pytest.raises(ValueError, match=r"expected one container, named base; .* sidecar"):
        _render(graph, kubernetes={**POD, "pod_template": containers}, mlmd=MLMD)


def test_outputs_go_to_the_first_volume_that_outlasts_a_pod():
    kinds = {
        "certificates": {"configMap": {"name": "ca"}},
        "scratch": {"emptyDir": {}},
        "data": {"persistentVolumeClaim": {"claimName": "data"}},
        "shared": {"persistentVolumeClaim": {"claimName": "shared"}},
    }
    mounts = [{"name": name, "mountPath": f"/{name}"} for name in kinds]
    mounts[2]["readOnly"] = True
    spec = {
        "volumes": [{"name": name, **kind} for name, kind in kinds.items()],
        "containers": [{"name": "base", "volumeMounts": mounts}],
    }

    folders = Kubernetes(**{**POD, "pod_template": {"spec": spec}}).folders

    assert folders.outputs == "/shared"
    assert folders.kept == ("/data", "/shared")


@pytest.mark.parametrize(
    ("key", "path", "message"),
    [
        ("pipeline_root", "/home/me/runs", "received /home/me/runs, which would be lost with the"),
        ("serving_model_dir", "/tfx-serving", "received /tfx-serving, which would be lost with"),
        ("data_root", "/home/me/data", "received /home/me/data, which no container sees"),
        (
            "schema_path",
            "/home/me/schema.pbtxt",
            "the image has data/mnist, data/schema, docs/model_card.md, below",
        ),
    ],
)
def test_a_path_that_no_pod_sees_is_refused(graph: Graph, key: str, path: str, message: str):
    elsewhere = dataclasses.replace(graph, config={**graph.config, key: path})

    with pytest.raises(ValueError, match=f"^{key}: expected a URL .*{message}"):
        _render(elsewhere, kubernetes=POD, mlmd=MLMD)
    _render(elsewhere)
