"""The pipeline on the real Airflow: parsed, run, failed, mended."""

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from ml_metadata import MetadataStore

from runners.metadata.connection import parse_url, sqlite_connection
from runners.metadata.records import read_run
from support.airflow.environment import (
    AIRFLOW_PYTHON,
    NO_AIRFLOW,
    Airflow,
    run_airflow,
    run_standalone,
)
from support.databases.servers import DatabaseServer, find_postgresql, run_postgresql
from support.project import PROJECT
from support.waiting import wait_until
from support.workspaces import Workspace

pytestmark = pytest.mark.skipif(not AIRFLOW_PYTHON.exists(), reason=NO_AIRFLOW)

TUNING = ("tuning.enabled=true", "tuning.trials=1", "tuning.epochs=1")

# What Airflow itself imports does not count.
PARSE = """
import json, runpy, sys, time
import airflow.sdk, airflow.providers.standard.operators.bash
started = time.process_time()
dag = runpy.run_path(sys.argv[1])["dag"]
seconds = time.process_time() - started
heavy = [name for name in ("tensorflow", "tfx", "apache_beam") if name in sys.modules]
params = {name: dag.params.get_param(name).schema["type"] for name in dag.params}
upstream = {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks}
teardowns = [task.task_id for task in dag.tasks if task.is_teardown]
trainer = dag.get_task("Trainer")
limits = {"command": trainer.bash_command, "task": trainer.execution_timeout.total_seconds()}
rules = sorted({task.trigger_rule.value for task in dag.tasks if not task.is_teardown})
print(json.dumps({"seconds": seconds, "heavy": heavy, "upstream": upstream, "params": params,
                  "limits": limits, "rules": rules, "teardowns": teardowns}))
"""

# A cluster that nothing is sent to; the operator wants to know of one.
KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "none", "cluster": {"server": "https://127.0.0.1:1"}}],
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "users": [{"name": "none", "user": {}}],
    "current-context": "none",
}

MAKE_PODS = """
import json, runpy, sys
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from kubernetes.client import ApiClient
dag = runpy.run_path(sys.argv[1])["dag"]
for task in dag.tasks:
    task.render_template_fields({"run_id": "$(HOME)", "params": {"data_root": "$(MLMD_PASSWORD)"}})
pods = {task.task_id: ApiClient().sanitize_for_serialization(task.build_pod_request_obj())
        for task in dag.tasks}
skips = [task.skip_on_exit_code for task in dag.tasks]
print(json.dumps({"pods": pods, "skips": skips}))
"""


@pytest.fixture(scope="module")
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace()


@pytest.fixture(scope="module")
def compile_dag(workspace: Workspace) -> Callable[..., Path]:
    """Returns a function that compiles the workspace's pipeline to a folder of the given name.

    Its tasks run in a warm Python, if no other is named.
    """

    def make(
        folder: str, *, config: tuple[str, ...] = (), python: str = "", **settings: object
    ) -> Path:
        output = workspace.folder / folder
        environment = {
            "python": python or workspace.warm_python.executable,
            "working_directory": str(workspace.folder),
        }
        file = workspace.folder / f"{folder.replace('/', '_')}.yaml"
        file.write_text(yaml.safe_dump({"retries": 0, "environment": environment} | settings))
        answer = workspace.tfx_mnist(
            *("compile", "airflow", "--settings", str(file), "--output", str(output)),
            *(f"--set={setting}" for setting in (*workspace.settings, *config)),
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        assert answer.stdout.splitlines()[0] == str(output / "tfx_mnist.py")
        return output

    return make


@pytest.fixture(scope="module")
def dags(compile_dag: Callable[..., Path]) -> Path:
    """The folder of a DAG with one task for each node."""
    return compile_dag("dags", config=TUNING)


@pytest.fixture(scope="module")
def groups(dags: Path) -> dict[str, list[str]]:
    """Three groups of nodes, which save ten starts of TensorFlow and TFX in a run."""
    graph = json.loads((dags / "tfx_mnist.graph.json").read_text())
    nodes = [node["node_id"] for node in graph["nodes"]]
    trainer = nodes.index("Trainer")
    return {"Prepare": nodes[:trainer], "Decide": nodes[trainer + 1 :]}


def _run_in_airflow(program: str, *arguments: str, home: Path, **environ: str) -> dict[str, object]:
    answer = subprocess.run(
        [str(AIRFLOW_PYTHON), "-c", program, *arguments],
        env=os.environ | {"AIRFLOW_HOME": str(home)} | environ,
        check=False,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


def _versions(workspace: Workspace) -> set[str]:
    return {path.name for path in workspace.serving_model_dir.glob("[0-9]*")}


def test_the_dag_parses_in_half_a_second_without_tensorflow(dags: Path, tmp_path: Path):
    parsed = _run_in_airflow(PARSE, str(dags / "tfx_mnist.py"), home=tmp_path)

    assert parsed["heavy"] == []
    assert parsed["seconds"] < 0.5
    graph = json.loads((dags / "tfx_mnist.graph.json").read_text())
    last_nodes = parsed["upstream"].pop("FinalReport")
    assert parsed["upstream"] == {
        node["node_id"]: sorted(node["upstream"]) for node in graph["nodes"]
    }
    assert set(last_nodes) == set(parsed["upstream"]).difference(*parsed["upstream"].values())
    assert parsed["teardowns"] == ["FinalReport"]
    assert parsed["rules"] == ["none_failed"]
    assert parsed["params"]["training.epochs"] == "integer"
    assert parsed["params"]["thresholds.accuracy"] == "number"
    # A task ends, and is killed if need be, before Airflow gives it up and begins the next try.
    assert parsed["limits"]["command"].startswith("exec timeout --kill-after=60 3600 ")
    assert parsed["limits"]["task"] > 3600 + 60


def test_a_pod_gets_image_command_volume_and_resources(
    compile_dag: Callable[..., Path], tmp_path: Path
):
    settings = yaml.safe_load((PROJECT / "deploy" / "airflow" / "kubernetes.yaml").read_text())
    [container] = settings["kubernetes"]["pod_template"]["spec"]["containers"]
    container["resources"] = {"limits": {"memory": "3Gi"}}
    settings["kubernetes"]["pod_template"]["spec"]["serviceAccountName"] = "tfx-training"
    output = compile_dag("pods", **settings)

    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(KUBECONFIG))
    made = _run_in_airflow(
        MAKE_PODS, str(output / "tfx_mnist.py"), home=tmp_path, KUBECONFIG=str(kubeconfig)
    )

    assert set(map(str, made["skips"])) == {"[99]"}
    pod = made["pods"]["Trainer"]
    [base] = pod["spec"]["containers"]
    assert base["image"] == "registry.example.com/tfx-mnist:0.1.0"
    assert base["command"][:3] == ["timeout", "--kill-after=60", str(240 * 60)]
    assert base["command"][-2:] == ["--node", "Trainer"]
    # Kubernetes makes one $ of two, and leaves what follows alone.
    assert base["args"][:3] == ["--run-id", "$$(HOME)", "--params"]
    assert json.loads(base["args"][3]) == {"data_root": "$$(MLMD_PASSWORD)"}
    assert base["resources"]["limits"]["memory"] == "16Gi"
    [report] = made["pods"]["FinalReport"]["spec"]["containers"]
    assert report["command"][3:6] == ["python", "-m", "runners.run_report"]
    assert report["args"] == ["--run-id", "$$(HOME)"]
    [other] = made["pods"]["Pusher"]["spec"]["containers"]
    assert other["resources"]["limits"]["memory"] == "3Gi"
    assert {"name": "shared", "mountPath": "/tfx"} in base["volumeMounts"]
    [password] = [entry for entry in base["env"] if entry["name"] == "MLMD_PASSWORD"]
    assert password["valueFrom"]["secretKeyRef"] == {"name": "tfx-mlmd", "key": "password"}
    assert pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] == "tfx-shared"
    assert pod["metadata"]["namespace"] == "tfx"
    assert pod["spec"]["serviceAccountName"] == "tfx-training"


def test_dags_test_pushes_a_model_and_does_it_from_the_cache_the_second_time(
    compile_dag: Callable[..., Path],
    dags: Path,
    groups: dict[str, list[str]],
    workspace: Workspace,
    tmp_path: Path,
):
    grouped = compile_dag("grouped", config=TUNING, groups=groups, python=sys.executable)
    migrated = run_airflow("db", "migrate", home=tmp_path, dags=dags)
    assert migrated.returncode == 0, migrated.stdout + migrated.stderr

    before = _versions(workspace)
    first = run_airflow("dags", "test", "tfx-mnist", home=tmp_path, dags=grouped)

    assert first.returncode == 0, first.stdout + first.stderr
    after = _versions(workspace)
    assert len(after - before) == 1

    # Now one task for each node.
    second = run_airflow("dags", "test", "tfx-mnist", home=tmp_path, dags=dags)

    assert second.returncode == 0, second.stdout + second.stderr
    assert _versions(workspace) == after
    store = MetadataStore(sqlite_connection(str(workspace.root / "metadata.db")))
    *_, newest = sorted(
        store.get_contexts_by_type("pipeline_run"), key=lambda run: run.create_time_since_epoch
    )
    states = {node: record.state for node, record in read_run(store, newest.name).items()}
    assert set(states) == {node for nodes in groups.values() for node in nodes} | {"Trainer"}
    assert {node for node, state in states.items() if state != "cached"} == {
        node for node in states if node.endswith("_resolver")
    }


@pytest.fixture(scope="module")
def database() -> Iterator[DatabaseServer]:
    if find_postgresql() is None:
        pytest.skip("needs PostgreSQL's server: apt-get install postgresql")
    with run_postgresql() as server:
        yield server


@pytest.fixture(scope="module")
def airflow(
    compile_dag: Callable[..., Path],
    groups: dict[str, list[str]],
    workspace: Workspace,
    database: DatabaseServer,
) -> Iterator[Airflow]:
    """Airflow and ML Metadata on PostgreSQL; the password of the latter comes from a file."""
    mlmd = database.url("mlmd")
    home = workspace.folder / "airflow"
    compile_dag(
        "airflow/dags",
        config=(*TUNING, f"pipeline_root={workspace.folder / 'runs' / 'on_postgresql'}"),
        mlmd=mlmd,
        groups=groups,
        max_active_runs=2,
    )
    password_file = workspace.folder / "password"
    password_file.write_text(database.password)
    environ = {"MLMD_PASSWORD_FILE": str(password_file)}
    initialized = subprocess.run(
        workspace.command("mlmd", "init", "--mlmd", mlmd),
        cwd=workspace.folder,
        env=os.environ | environ,
        check=False,
    )
    assert initialized.returncode == 0
    url = database.url_with_password("postgres").replace("://", "+psycopg2://")
    environ |= {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url}
    with run_standalone(home, "tfx-mnist", environ) as running:
        yield running


def _read_hyperparameters(database: DatabaseServer, run_id: str) -> dict[str, object]:
    store = MetadataStore(parse_url(database.url_with_password("mlmd"), where="test"))
    [trainer] = store.get_executions_by_id([read_run(store, run_id)["Trainer"].execution_id])
    return json.loads(trainer.custom_properties["custom_config"].string_value)["hyperparameters"]


def _wait_for_command_line(part: str) -> str:
    """Returns the command lines of all processes, once one of them holds `part`."""
    lines = ""

    def is_running() -> bool:
        nonlocal lines
        lines = ""
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):  # it has ended
                lines += file.read_bytes().replace(b"\0", b" ").decode(errors="replace") + "\n"
        return part in lines

    wait_until(is_running, f"a process with {part} in its command line", pause_seconds=0.2)
    return lines


class TwoRuns(NamedTuple):
    """Two runs that were started at once, `good` and `bad`.

    Attributes:
      images: The file of images that `bad` finds cut off.
      command_lines: Those of all processes while a node ran.
    """

    images: Path
    command_lines: str


@pytest.fixture(scope="module")
def two_runs(airflow: Airflow, workspace: Workspace) -> TwoRuns:
    data = workspace.folder / "data"
    broken = shutil.copytree(data / "mnist", data / "broken")
    images = broken / "train-images-idx3-ubyte.gz"
    images.write_bytes(gzip.compress(gzip.decompress(images.read_bytes())[:-5]))
    # Whichever ends first is the other one's baseline.
    no_baseline = {"thresholds__max_accuracy_drop": 1}
    airflow.trigger("good", training__epochs=3, training__learning_rate=0.015, **no_baseline)
    airflow.trigger("bad", training__epochs=3, data_root=str(broken), **no_baseline)
    return TwoRuns(images, _wait_for_command_line("runners.node"))


@pytest.fixture(scope="module")
def good_run(airflow: Airflow, two_runs: TwoRuns) -> str:
    """Returns the id of a run that pushed a model."""
    assert two_runs.images.exists()
    assert airflow.wait_for_run("good") == "success"
    return "good"


@pytest.fixture(scope="module")
def refused_run(airflow: Airflow) -> str:
    """Returns the id of a green run whose model was not blessed."""
    airflow.trigger(
        "refused", training__epochs=3, training__learning_rate=0.015, thresholds__accuracy=0.9999
    )
    assert airflow.wait_for_run("refused") == "success"
    return "refused"


def _final_report(workspace: Workspace, run_id: str) -> str:
    """Returns the page that the last task of a run has written."""
    return (_reports(workspace) / f"{run_id}.html").read_text()


def _reports(workspace: Workspace) -> Path:
    return workspace.folder / "runs" / "on_postgresql" / "reports" / "tfx-mnist"


def test_two_runs_at_once_one_with_changed_parameters_one_failing_and_mended(
    airflow: Airflow, workspace: Workspace, database: DatabaseServer, two_runs: TwoRuns
):
    assert database.password not in two_runs.command_lines

    assert airflow.wait_for_run("bad") == "failed"
    assert airflow.task_states("bad") == {
        "Prepare": "failed",
        "Trainer": "upstream_failed",
        "Decide": "upstream_failed",
        "FinalReport": "failed",
    }
    report = _final_report(workspace, "bad")
    assert "Failed in IdxExampleGen" in report
    assert str(two_runs.images) in report
    log = airflow.read_log("bad", "Prepare", 1)
    cause = next(index for index, line in enumerate(log) if "IdxExampleGen failed: " in line)
    assert str(two_runs.images) in log[cause]
    assert cause > len(log) - 10

    shutil.copy(workspace.folder / "data" / "mnist" / two_runs.images.name, two_runs.images)
    airflow.clear("bad")
    assert airflow.wait_for_run("bad") == "success"
    assert set(airflow.task_states("bad").values()) == {"success"}
    assert "Failed" not in _final_report(workspace, "bad")

    assert airflow.wait_for_run("good") == "success"
    hyperparameters = _read_hyperparameters(database, "good")
    assert (hyperparameters["epochs"], hyperparameters["learning_rate"]) == (3, 0.015)
    assert any("pushed version" in line for line in airflow.read_log("good", "Decide", 1))


def test_a_model_that_is_not_blessed_skips_the_pusher_and_the_run_is_green(
    airflow: Airflow, refused_run: str
):
    states = airflow.task_states(refused_run)
    done = dict.fromkeys(("Prepare", "Trainer", "FinalReport"), "success")
    assert states == {**done, "Decide": "skipped"}
    log = airflow.read_log(refused_run, "Decide", 1)
    assert any("Evaluator complete: NOT BLESSED" in line for line in log)
    assert any("Pusher skipped: nothing was pushed" in line for line in log)
    assert any("RunReport complete" in line for line in log)


def test_clearing_a_green_task_says_that_it_had_succeeded(airflow: Airflow, good_run: str):
    airflow.clear(good_run, ["Trainer"])

    assert airflow.wait_for_run(good_run) == "success"
    log = airflow.read_log(good_run, "Trainer", 2)
    assert any(f"Trainer has already succeeded in run {good_run}" in line for line in log)


def test_the_command_line_reads_runs_and_lineage_from_the_database(
    workspace: Workspace, database: DatabaseServer, good_run: str, refused_run: str
):
    file = workspace.folder / "mlmd_url"
    file.write_text(database.url_with_password("mlmd"))

    history = workspace.tfx_mnist("runs", "--json", "--mlmd", str(file))

    runs = {run["run_id"]: run for run in json.loads(history.stdout)}
    assert runs[refused_run]["end"] == "not pushed"
    version = runs[good_run]["version"]
    lineage = workspace.tfx_mnist("lineage", version, "--mlmd", str(file)).stdout
    assert f"Trainer in run {good_run}" in lineage
    images = workspace.folder / "data" / "mnist" / "train-images-idx3-ubyte.gz"
    assert f"{hashlib.sha256(images.read_bytes()).hexdigest()}  {images}" in lineage
    for run_id, verdict in (
        (good_run, f"Blessed, and pushed as version {version}"),
        (refused_run, "Not blessed; nothing was pushed"),
    ):
        assert verdict in _final_report(workspace, run_id)
        page = workspace.folder / f"{run_id}.html"
        answer = workspace.tfx_mnist("report", run_id, f"--mlmd={file}", f"--output={page}")
        assert answer.returncode == 0, answer.stderr
        assert verdict in page.read_text()


def test_a_report_that_cannot_be_written_leaves_a_good_run_good(
    airflow: Airflow, workspace: Workspace, good_run: str
):
    reports = _reports(workspace)
    reports.rename(reports.with_name("moved"))
    reports.write_text("where the folder should be")

    airflow.clear(good_run, ["FinalReport"])

    assert airflow.wait_for_run(good_run) == "success"
    assert set(airflow.task_states(good_run).values()) == {"success"}
    log = airflow.read_log(good_run, "FinalReport", 2)
    assert any(f"No report of run {good_run}: " in line for line in log)
    reports.unlink()
    reports.with_name("moved").rename(reports)


@pytest.mark.usefixtures("good_run", "refused_run")
def test_the_password_is_in_no_log_and_no_compiled_file(
    airflow: Airflow, workspace: Workspace, database: DatabaseServer
):
    home = workspace.folder / "airflow"
    logs = list((home / "logs" / "dag_id=tfx-mnist").rglob("*.log"))
    files = [file for file in (home / "dags").rglob("*") if file.is_file()]

    assert airflow.dag_id in {part.removeprefix("dag_id=") for part in logs[0].parts}
    for file in (*logs, *files):
        assert database.password not in file.read_text(errors="replace"), file
