"""The last task of a run of an orchestrator: what it says of a run that is over."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import Execution

from pipeline.config import PipelineConfig
from runners.metadata.connection import sqlite_connection
from runners.orchestration.graph import Graph
from runners.run_report.__main__ import main
from support.metadata.recorded_runs import add_node, make_store

ReportOn = Callable[..., Result]


@pytest.fixture
def store(tmp_path: Path) -> MetadataStore:
    return make_store(sqlite_connection(str(tmp_path / "metadata.db")))


@pytest.fixture
def report_on(tmp_path: Path, store: MetadataStore) -> ReportOn:
    """Returns a function that runs the program on a run of the compiled pipeline `digits`."""
    assert store.get_context_types()
    config = PipelineConfig(pipeline_name="digits", pipeline_root=str(tmp_path / "runs"))
    graph = Graph(
        pipeline_name="digits", nodes=(), parameters={}, config=config.model_dump(mode="json")
    )
    (tmp_path / "digits.graph.json").write_text(graph.to_json())

    def report(run_id: str, *options: str) -> Result:
        return CliRunner().invoke(
            main,
            [
                *("--ir", str(tmp_path / "digits.ir.json"), "--run-id", run_id),
                *("--mlmd", f"sqlite://{tmp_path}/metadata.db", *options),
            ],
        )

    return report


def _page(folder: Path, run_id: str) -> Path:
    return folder / "runs" / "reports" / f"{run_id}.html"


def test_a_node_whose_process_was_killed_has_failed(
    report_on: ReportOn, store: MetadataStore, tmp_path: Path
):
    add_node(store, "scheduled__2026-11-27T04:00:00+00:00", "Transform", Execution.COMPLETE)
    add_node(store, "scheduled__2026-11-27T04:00:00+00:00", "Trainer", Execution.RUNNING)

    answer = report_on("scheduled__2026-11-27T04:00:00+00:00")

    page = _page(tmp_path, "scheduled__2026-11-27T04:00:00+00:00")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == (
        f"Failed in Trainer. The report of run scheduled__2026-11-27T04:00:00+00:00 is {page}\n"
    )
    assert "Its process ended before it could say why" in page.read_text()
    assert "unning" not in page.read_text()


def test_a_run_whose_next_task_could_not_begin_has_failed(
    report_on: ReportOn, store: MetadataStore, tmp_path: Path
):
    add_node(store, "run", "Transform", Execution.COMPLETE)

    answer = report_on("run")

    assert answer.stdout == f"Failed. The report of run run is {_page(tmp_path, 'run')}\n"
    assert "No node began after Transform." in _page(tmp_path, "run").read_text()


def test_a_run_that_reached_no_node_has_a_report_too(report_on: ReportOn, tmp_path: Path):
    answer = report_on("run")

    assert answer.stdout == f"Failed. The report of run run is {_page(tmp_path, 'run')}\n"


@pytest.mark.parametrize(
    ("state", "exit_code"), [(Execution.FAILED, 1), (Execution.COMPLETE, 0)], ids=["bad", "good"]
)
def test_where_failed_tasks_are_run_again_it_fails_with_the_run(
    report_on: ReportOn, store: MetadataStore, state: int, exit_code: int
):
    add_node(store, "run", "Pusher", state, pushed_version="")

    assert report_on("run", "--fail-with-run").exit_code == exit_code
    assert report_on("run").exit_code == 0


def test_a_report_that_cannot_be_written_is_a_warning(
    report_on: ReportOn, store: MetadataStore, tmp_path: Path
):
    add_node(store, "run", "Pusher", Execution.COMPLETE, pushed_version="")
    (tmp_path / "runs").write_text("where the pipeline's root should be")

    answer = report_on("run", "--fail-with-run")

    assert answer.exit_code == 0
    assert answer.stdout.startswith("No report of run run: ")
    assert str(tmp_path / "runs") in answer.stdout


def test_a_pipeline_that_is_not_there_is_a_warning(report_on: ReportOn, tmp_path: Path):
    (tmp_path / "digits.graph.json").unlink()

    answer = report_on("run")

    assert answer.exit_code == 0
    assert "digits.graph.json" in answer.stdout


def test_a_page_is_written_where_an_orchestrator_wants_it(
    report_on: ReportOn, store: MetadataStore, tmp_path: Path
):
    add_node(store, "run", "Pusher", Execution.COMPLETE, pushed_version="")

    answer = report_on("run", f"--output={tmp_path}/artifacts/report")

    assert answer.exit_code == 0, answer.output
    assert (tmp_path / "artifacts" / "report").read_text().startswith("<!doctype html>")
    assert not (tmp_path / "runs").exists()
