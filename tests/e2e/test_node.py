"""The node launcher: what every orchestrator calls, one process for each node or for several."""

import gzip
import itertools
import json
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ml_metadata.proto.metadata_store_pb2 import Execution

from runners.metadata.registered_types import types_written_by
from runners.orchestration.compiled import read_compiled
from support.compiled_pipelines import CompiledWorkspace, compile_workspace, read_type_names
from support.markdown_reader import read_tables
from support.workspaces import Workspace

SLOW = {"training__epochs": 12, "training__learning_rate": 0.01}


@pytest.fixture(scope="module")
def compiled(make_workspace: Callable[..., Workspace]) -> CompiledWorkspace:
    return compile_workspace(make_workspace())


@pytest.fixture(scope="module")
def first_run(compiled: CompiledWorkspace) -> subprocess.CompletedProcess[str]:
    return compiled.run(*compiled.node_ids, run_id="first", training__epochs="3")


def _last_lines(answer: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Returns what the nodes said of their end, by node id."""
    lines = [line for line in answer.stdout.splitlines() if not line.startswith(" ")]
    return dict(line.split(" ", 1) for line in lines)


def test_the_ir_names_no_connection_and_the_graph_has_all_nodes_in_order(
    compiled: CompiledWorkspace,
):
    ir = json.loads(compiled.ir_path.read_text())

    assert "metadataConnectionConfig" not in ir["deploymentConfig"]
    nodes = [node["pipelineNode"]["nodeInfo"]["id"] for node in ir["nodes"]]
    assert compiled.node_ids == nodes
    assert {"IdxExampleGen", "latest_blessed_model_resolver", "Pusher"} <= set(nodes)


def test_every_node_runs_to_a_pushed_model_with_a_parameter_that_was_a_string(
    first_run: subprocess.CompletedProcess[str], compiled: CompiledWorkspace
):
    assert first_run.returncode == 0, first_run.stdout + first_run.stderr
    ends = _last_lines(first_run)
    assert list(ends) == compiled.node_ids
    assert all(end.startswith("complete") for end in ends.values())
    assert ends["Evaluator"] == "complete: BLESSED"
    [version] = compiled.workspace.serving_model_dir.glob("[0-9]*")
    assert ends["Pusher"] == f"complete: pushed version {version.name} to {version}"
    assert "Epoch 3/3: loss" in first_run.stderr


def test_nodes_write_no_type_to_metadata_but_those_that_init_registers(
    first_run: subprocess.CompletedProcess[str], compiled: CompiledWorkspace, tmp_path: Path
):
    assert first_run.returncode == 0
    nodes = read_compiled(str(compiled.ir_path)).ir.nodes
    registered = types_written_by(node.pipeline_node for node in nodes)

    written = set(read_type_names(compiled.workspace.root / "metadata.db"))

    built_in = read_type_names(tmp_path / "new.db")
    assert written - set(built_in) == {each.name for each in registered}


def test_the_same_parameters_in_another_run_are_all_cached_but_for_resolvers(
    first_run: subprocess.CompletedProcess[str], compiled: CompiledWorkspace
):
    assert first_run.returncode == 0
    again = compiled.run(*compiled.node_ids, run_id="second", training__epochs=3)

    assert again.returncode == 0, again.stdout + again.stderr
    not_cached = {node for node, end in _last_lines(again).items() if not end.startswith("cached")}
    assert all(node.endswith("_resolver") for node in not_cached)


def test_a_changed_threshold_reruns_what_depends_on_it_and_pushes_nothing_with_code_99(
    first_run: subprocess.CompletedProcess[str], compiled: CompiledWorkspace
):
    assert first_run.returncode == 0
    params = {"training__epochs": 3, "thresholds__accuracy": 0.9999}
    refused = compiled.run(*compiled.node_ids, run_id="refused", **params)

    assert refused.returncode == 99, refused.stdout + refused.stderr
    ends = _last_lines(refused)
    assert ends["Trainer"] == "cached"
    assert ends["Evaluator"] == "complete: NOT BLESSED"
    assert "\n  accuracy of all is 0." in refused.stdout
    assert ends["Pusher"].startswith("skipped: nothing was pushed: ModelBlessing was refused")
    again = compiled.run("Pusher", run_id="refused", **params)
    assert again.returncode == 99
    assert "Pusher has already succeeded in run refused" in again.stdout


def test_a_node_that_has_succeeded_says_so_and_runs_nothing(
    first_run: subprocess.CompletedProcess[str], compiled: CompiledWorkspace
):
    assert first_run.returncode == 0
    before = compiled.read_executions("SchemaImporter", "first")

    again = compiled.run("SchemaImporter", run_id="first", training__epochs=3)

    assert again.returncode == 0
    assert "SchemaImporter has already succeeded in run first (execution " in again.stdout
    assert "start a new run; with enable_cache=false it reuses nothing" in again.stdout
    assert compiled.read_executions("SchemaImporter", "first") == before


def test_a_report_shows_what_nodes_put_out_and_what_it_cannot_show_fails_no_node(
    first_run: subprocess.CompletedProcess[str], compiled: CompiledWorkspace, tmp_path: Path
):
    assert first_run.returncode == 0
    [path] = (compiled.workspace.root / "StatisticsGen").rglob("Split-eval/FeatureStats.pb")
    whole = path.read_bytes()
    path.write_bytes(b"no statistics")
    nodes = ("StatisticsGen", "Trainer", "Evaluator")
    command = compiled.command(*nodes, run_id="first", training__epochs=3)

    answer = subprocess.run(
        [*command, "--report", str(tmp_path / "report.md")],
        cwd=compiled.workspace.folder,
        check=False,
        capture_output=True,
        text=True,
    )
    path.write_bytes(whole)

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "| " not in answer.stdout
    report = (tmp_path / "report.md").read_text()
    assert "\n\nExampleStatistics cannot be shown: " in report
    history, evaluation = read_tables(report)
    assert history[0] == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    assert [row[0] for row in history[1:]] == ["1", "2", "3"]
    assert evaluation[0] == ["metric", "slice", "value", "expected", "rows", "verdict"]
    [accuracy] = [row for row in evaluation if row[:2] == ["accuracy", "all"]]
    assert accuracy[3:] == [">= 0.1000", "400", "ok"]
    assert f"accuracy of all is {accuracy[2]} >= 0.1000" in answer.stdout


def test_a_failed_node_says_why_last_and_a_second_try_goes_on_with_its_execution(
    compiled: CompiledWorkspace,
):
    data = compiled.workspace.folder / "data"
    broken = shutil.copytree(data / "mnist", data / "broken")
    path = broken / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    path.write_bytes(gzip.compress(gzip.decompress(whole)[:-5]))

    failed = compiled.run("IdxExampleGen", "StatisticsGen", run_id="mended", data_root=str(broken))
    path.write_bytes(whole)
    mended = compiled.run("IdxExampleGen", run_id="mended", data_root=str(broken))

    assert failed.returncode == 1
    [last_line] = failed.stdout.splitlines()
    assert last_line.startswith("IdxExampleGen failed: ")
    assert str(path) in last_line
    assert mended.returncode == 0, mended.stdout + mended.stderr
    [execution] = compiled.read_executions("IdxExampleGen", "mended")
    assert execution.last_known_state == Execution.COMPLETE


def test_a_stopped_or_killed_node_leaves_nothing_half_made_and_goes_on_in_the_next_try(
    first_run: subprocess.CompletedProcess[str], compiled: CompiledWorkspace
):
    assert first_run.returncode == 0
    nodes = compiled.node_ids
    before_trainer = nodes[: nodes.index("Trainer")]
    assert compiled.run(*before_trainer, run_id="stopped", **SLOW).returncode == 0

    stopped = compiled.start("Trainer", run_id="stopped", **SLOW)
    _wait_for_epochs(stopped, 1)
    stopped.send_signal(signal.SIGTERM)

    assert stopped.wait() == 1
    [execution] = compiled.read_executions("Trainer", "stopped")
    assert execution.last_known_state == Execution.FAILED
    assert "stopped by a signal" in execution.custom_properties["__execution_result__"].string_value
    trainer = compiled.workspace.root / "Trainer"
    assert not list(trainer.glob(f"*/{execution.id}"))

    killed = compiled.start("Trainer", run_id="stopped", **SLOW)
    _wait_for_epochs(killed, 2)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    assert list(trainer.glob(f"*/{execution.id}"))

    third = compiled.run("Trainer", run_id="stopped", **SLOW)

    assert third.returncode == 0, third.stdout + third.stderr
    assert "Epoch 1/12" not in third.stderr  # goes on where the killed one was
    [same] = compiled.read_executions("Trainer", "stopped")
    assert (same.id, same.last_known_state) == (execution.id, Execution.COMPLETE)


def test_a_node_without_its_inputs_fails_and_says_so(compiled: CompiledWorkspace):
    answer = compiled.run("StatisticsGen", run_id="nothing-before-it")

    assert answer.returncode == 1
    assert answer.stdout.startswith("StatisticsGen failed: ")
    assert "examples" in answer.stdout


def test_a_bad_parameter_or_node_fails_before_anything_runs(compiled: CompiledWorkspace):
    parameter = compiled.run("IdxExampleGen", run_id="bad", training__epochs=0)
    node = compiled.run("Tuner", run_id="bad")

    assert parameter.returncode == node.returncode == 1
    assert "greater than or equal to 1; received 0" in parameter.stdout.splitlines()[-1]
    assert "no such node: Tuner; the nodes are IdxExampleGen" in node.stdout.splitlines()[-1]


def test_code_that_was_edited_since_the_compilation_is_refused(compiled: CompiledWorkspace):
    model = compiled.workspace.folder / "modules" / "model.py"
    before = model.read_text()
    model.write_text(f"{before}\n# edited\n")

    answer = compiled.run("SchemaImporter", run_id="edited")
    model.write_text(before)

    assert answer.returncode == 1
    assert "they concern Trainer, Pusher" in answer.stdout.splitlines()[-1]
    assert "Compile the pipeline again" in answer.stdout.splitlines()[-1]


def _wait_for_epochs(process: subprocess.Popen[str], count: int) -> None:
    """Waits until a node has told of so many epochs; all but the last one's state are saved."""
    told = (line for line in process.stderr if re.search(r"Epoch \d+/", line))
    assert len(list(itertools.islice(told, count))) == count, "the node ended before that"
