"""The last task of a run of an orchestrator: what it says of a run that is over."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import Execution

from pipeline.config import PipelineConfig
from runners.metadata.connection import sqlite_connection
from runners.orchestration.graph import Graph, Node
from support.metadata.recorded_runs import add_node, make_store
from support.project import PROJECT

NODES = ("Transform", "Trainer", "Pusher")
SCHEDULED = "scheduled__2026-11-27T04:00:00+00:00"

Answer = subprocess.CompletedProcess[str]
ReportOn = Callable[..., Answer]


@pytest.fixture
def store(tmp_path: Path) -> MetadataStore:
    return make_store(sqlite_connection(str(tmp_path / "metadata.db")))


@pytest.fixture
def report_on(tmp_path: Path, store: MetadataStore) -> ReportOn:
    """Returns a function that runs the program on a run of the compiled pipeline `digits`."""
    assert store.get_context_types()
    config = PipelineConfig(
        pipeline_name="digits",
        pipeline_root=str(tmp_path / "runs"),
        metadata_path=str(tmp_path / "metadata.db"),
    )
    graph = Graph(
        pipeline_name="digits",
        nodes=tuple(Node(node_id=name, type="x", upstream=()) for name in NODES),
        parameters={},
        config=config.model_dump(mode="json"),
    )
    (tmp_path / "digits.graph.json").write_text(graph.to_json())
    ir = str(tmp_path / "digits.ir.json")

    def report(run_id: str, *options: str) -> Answer:
        return subprocess.run(
            [sys.executable, "-m", "runners.run_report", "--ir", ir, "--run-id", run_id, *options],
            cwd=PROJECT,
            check=False,
            capture_output=True,
            text=True,
        )

    return report


def _add_nodes(store: MetadataStore, run_id: str, *, last: int, pushed: str = "") -> None:
    """Adds all nodes, complete but for the last one, which has a state of its own."""
    for name in NODES[:-1]:
        add_node(store, run_id, name, Execution.COMPLETE, pipeline="digits")
    add_node(store, run_id, NODES[-1], last, pushed_version=pushed, pipeline="digits")


def _page(folder: Path, name: str) -> Path:
    return folder / "runs" / "reports" / "digits" / f"{name}.html"


def test_a_node_whose_process_was_killed_has_failed(
    report_on: ReportOn, store: MetadataStore, tmp_path: Path
):
    add_node(store, SCHEDULED, "Transform", Execution.COMPLETE)
    add_node(store, SCHEDULED, "Trainer", Execution.RUNNING)

    answer = report_on(SCHEDULED)

    page = _page(tmp_path, SCHEDULED)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == f"Failed in Trainer. The report of run {SCHEDULED} is {page}\n"
    text = page.read_text()
    assert "Its process ended before it could say why" in text
    assert "running" not in text.lower()
    assert "stopped" not in text, "neither in the history"


def test_a_run_whose_next_task_could_not_begin_has_failed(
    report_on: ReportOn, store: MetadataStore, tmp_path: Path
):
    add_node(store, "run", "Transform", Execution.COMPLETE)

    answer = report_on("run")

    assert answer.stdout == f"Failed. The report of run run is {_page(tmp_path, 'run')}\n"
    assert "Did not begin: Trainer, Pusher." in _page(tmp_path, "run").read_text()


def test_a_run_that_pushed_has_failed_if_another_node_could_not_begin(
    report_on: ReportOn, store: MetadataStore, tmp_path: Path
):
    add_node(store, "run", "Trainer", Execution.COMPLETE)
    add_node(store, "run", "Pusher", Execution.COMPLETE, pushed_version="7")

    answer = report_on("run", "--fail-with-run")

    assert answer.returncode == 1
    assert answer.stdout.startswith("Failed. ")
    assert "Did not begin: Transform." in _page(tmp_path, "run").read_text()
    assert "version 7 was pushed" in _page(tmp_path, "run").read_text()


def test_a_run_that_reached_no_node_has_a_report_too(report_on: ReportOn, tmp_path: Path):
    answer = report_on("run")

    assert answer.stdout == f"Failed. The report of run run is {_page(tmp_path, 'run')}\n"


@pytest.mark.parametrize(
    ("state", "pushed", "exit_code"),
    [(Execution.FAILED, "", 1), (Execution.COMPLETE, "", 0), (Execution.COMPLETE, "7", 0)],
    ids=["failed", "refused", "pushed"],
)
def test_where_failed_tasks_are_run_again_it_fails_with_the_run(
    report_on: ReportOn, store: MetadataStore, state: int, pushed: str, exit_code: int
):
    _add_nodes(store, "run", last=state, pushed=pushed)

    assert report_on("run", "--fail-with-run").returncode == exit_code
    assert report_on("run").returncode == 0


def test_where_failed_tasks_are_run_again_it_fails_with_a_run_that_was_stopped(
    report_on: ReportOn, store: MetadataStore
):
    """As a person's **Mark as failed** in Airflow stops a task."""
    add_node(store, "run", "Trainer", Execution.FAILED, error="interrupted")

    answer = report_on("run", "--fail-with-run")

    assert answer.stdout.startswith("Interrupted in Trainer. ")
    assert answer.returncode == 1


def test_a_report_that_cannot_be_written_is_a_warning(
    report_on: ReportOn, store: MetadataStore, tmp_path: Path
):
    _add_nodes(store, "run", last=Execution.COMPLETE)
    (tmp_path / "runs").write_text("where the pipeline's root should be")

    answer = report_on("run", "--fail-with-run")

    assert answer.returncode == 0
    assert answer.stdout.startswith("No report of run run: ")
    assert str(tmp_path / "runs") in answer.stdout


def test_a_pipeline_that_is_not_there_is_a_warning(report_on: ReportOn, tmp_path: Path):
    (tmp_path / "digits.graph.json").unlink()

    answer = report_on("run")

    assert answer.returncode == 0
    assert "digits.graph.json" in answer.stdout


def test_a_database_that_never_answers_is_a_warning_in_time(report_on: ReportOn):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        answer = report_on(
            "run", f"--mlmd=postgresql://mlmd@127.0.0.1:{port}/mlmd", "--give-up-after=2"
        )

    assert answer.returncode == 0
    assert answer.stdout == "No report of run run: none within 2 s\n"


def test_a_page_is_written_where_an_orchestrator_wants_it(
    report_on: ReportOn, store: MetadataStore, tmp_path: Path
):
    _add_nodes(store, "run", last=Execution.COMPLETE)

    answer = report_on("run", f"--output={tmp_path}/artifacts/report")

    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "artifacts" / "report").read_text().startswith("<!doctype html>")
    assert not (tmp_path / "runs").exists()
