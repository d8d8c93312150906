"""`tfx-mnist report` and `tfx-mnist runs RUN`: what a run was, seen again after its end."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from components.run_report.content.report import Report
from components.run_report.page.rendering import COMPARED
from support.workspaces import Run, Workspace

WITHOUT_TENSORFLOW = (
    "import sys; sys.modules['tensorflow'] = None;"
    "from runners.commands.main import main; sys.argv[0] = 'tfx-mnist'; main()"
)


@pytest.fixture(scope="module")
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace(num_train=1000, num_test=200)


@pytest.fixture(scope="module")
def pushed(workspace: Workspace) -> Run:
    run = workspace.run()
    assert run.exit_code == 0, run.output
    return run


@pytest.fixture(scope="module")
def refused(pushed: Run, workspace: Workspace) -> Run:
    """The last run, whose model is worse than that of `pushed`."""
    assert pushed.exit_code == 0
    run = workspace.run("training.learning_rate=0.0001", "thresholds.accuracy=0.999")
    assert run.exit_code == 3, run.output
    return run


def _outputs(workspace: Workspace, node: str, key: str) -> list[Path]:
    """Returns the folders of an output, the oldest first."""
    folders = (workspace.root / node / key).iterdir()
    return sorted(folders, key=lambda folder: int(folder.name))


def test_a_report_is_made_again_without_tensorflow(pushed: Run, workspace: Workspace):
    output = workspace.folder / "again.html"
    run_id = pushed.outcome["run_id"]

    answer = subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW, "report", run_id, f"--output={output}"],
        cwd=workspace.folder,
        check=False,
        capture_output=True,
        text=True,
    )

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == f"Wrote {output}\n"
    assert pushed.outcome["pushed_version"] in output.read_text()


def test_without_a_name_it_is_the_last_run(refused: Run, workspace: Workspace):
    answer = workspace.tfx_mnist("report")

    page = workspace.folder / f"report-{refused.outcome['run_id']}.html"
    assert answer.stdout == f"Wrote {page}\n", answer.stderr
    assert "Not blessed; nothing was pushed" in page.read_text()


def test_a_version_has_the_report_of_the_run_that_pushed_it(pushed: Run, workspace: Workspace):
    output = workspace.folder / "version.html"

    answer = workspace.tfx_mnist("report", pushed.outcome["pushed_version"], f"--output={output}")

    assert answer.returncode == 0, answer.stderr
    assert f"Run {pushed.outcome['run_id']}" in output.read_text()


@pytest.mark.parametrize("asked", ["20200101T000000.000000Z", "1234567890"])
def test_a_run_or_version_that_is_unknown_is_one_error(
    pushed: Run, workspace: Workspace, asked: str
):
    before = set(workspace.folder.iterdir())

    answer = workspace.tfx_mnist("report", asked)

    assert answer.returncode == 1
    assert asked in answer.stderr
    assert (pushed.outcome["run_id"] in answer.stderr) or (
        pushed.outcome["pushed_version"] in answer.stderr
    )
    assert set(workspace.folder.iterdir()) == before


def test_a_page_that_cannot_be_written_is_one_error(pushed: Run, workspace: Workspace):
    output = workspace.folder / "no" / "such" / "folder" / "report.html"

    answer = workspace.tfx_mnist("report", pushed.outcome["run_id"], f"--output={output}")

    assert answer.returncode == 1
    assert f"{output}: cannot be written" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_what_was_not_stored_is_measured_again_and_what_was_deleted_is_named(
    refused: Run, workspace: Workspace
):
    stored = _outputs(workspace, "RunReport", "report")[1] / "report.json"
    measured = stored.read_text()
    stored.write_text("damaged")
    history = _outputs(workspace, "Trainer", "model_run")[1]
    kept = history.with_name("kept")
    history.rename(kept)
    output = workspace.folder / "measured.html"

    answer = workspace.tfx_mnist("report", refused.outcome["run_id"], f"--output={output}")

    kept.rename(history)
    stored.write_text(measured)
    page = output.read_text()
    assert answer.returncode == 0, answer.stderr
    assert f"Not found here: {history}. Deleted, or on another machine." in page
    assert page.count("Not found here") == 1
    assert "taken for a" in page
    assert "Confusion matrix" in page


def test_two_runs_are_compared_on_one_page(pushed: Run, refused: Run, workspace: Workspace):
    version = pushed.outcome["pushed_version"]

    answer = workspace.tfx_mnist("report", "--compare", version, refused.outcome["run_id"])

    name = f"report-{pushed.outcome['run_id']}-{refused.outcome['run_id']}.html"
    assert answer.stdout == f"Wrote {workspace.folder / name}\n", answer.stderr
    page = (workspace.folder / name).read_text()
    assert f"A: Blessed, and pushed as version {version}" in page
    assert "B: Not blessed; nothing was pushed" in page
    assert all(f">{title}</h2>" in page for title in COMPARED.values())
    assert '<th scope="row"><span>learning_rate</span></th>' in page
    assert "By B alone" in page
    assert "cannot be drawn" not in page


def test_a_comparison_with_an_unknown_run_is_one_error(pushed: Run, workspace: Workspace):
    before = set(workspace.folder.iterdir())

    answer = workspace.tfx_mnist("report", "--compare", pushed.outcome["run_id"], "no-such-run")

    assert answer.returncode == 1
    assert "no-such-run" in answer.stderr
    assert set(workspace.folder.iterdir()) == before


def test_a_run_beside_compare_is_bad_usage(workspace: Workspace):
    answer = workspace.tfx_mnist("report", "RUN", "--compare", "A", "B")

    assert answer.returncode == 2
    assert "leave RUN out" in answer.stderr


def test_one_run_is_shown_on_the_terminal(pushed: Run, workspace: Workspace):
    answer = workspace.tfx_mnist("runs", pushed.outcome["run_id"])

    assert answer.returncode == 0, answer.stderr
    version = pushed.outcome["pushed_version"]
    assert answer.stdout.startswith(f"Blessed, and pushed as version {version}\n")
    for node in pushed.states:
        assert node in answer.stdout
    assert "val_accuracy" in answer.stdout
    assert "The most confident mistakes:" in answer.stdout


def test_the_length_of_a_list_beside_a_run_is_bad_usage(pushed: Run, workspace: Workspace):
    answer = workspace.tfx_mnist("runs", pushed.outcome["run_id"], "--last", "3")

    assert answer.returncode == 2
    assert "leave it or RUN out" in answer.stderr


def test_one_run_is_printed_as_json_for_scripts(refused: Run, workspace: Workspace):
    answer = workspace.tfx_mnist("runs", refused.outcome["run_id"], "--json")

    report = Report.model_validate_json(answer.stdout)
    assert json.loads(answer.stdout)["run"]["end"] == "refused"
    assert report.measurements.is_whole
