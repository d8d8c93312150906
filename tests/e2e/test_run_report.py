"""The report of whole runs: beside run.json at every end, and made again by a command."""

import gzip
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver

from components.run_report.content.part import Missing
from components.run_report.content.report import Measurements
from components.run_report.page.rendering import SECTIONS
from support.web.browser import complaints, headless_chromium, loaded, overflow
from support.web.reading_pages import cut_texts, show, violations
from support.workspaces import Run, Workspace

WITHOUT_TENSORFLOW = (
    "import sys; sys.modules['tensorflow'] = None;"
    "from runners.commands.main import main; sys.argv[0] = 'tfx-mnist'; main()"
)


@pytest.fixture(scope="module")
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    workspace = make_workspace()
    (workspace.folder / "docs").mkdir()
    (workspace.folder / "docs" / "model_card.md").write_text("# Licence\n\nMine & yours.\n")
    return workspace


@pytest.fixture(scope="module")
def pushed(workspace: Workspace) -> Run:
    run = workspace.run()
    assert run.exit_code == 0, run.output
    shutil.copy(_page(workspace), workspace.folder / "pushed.html")
    return run


@pytest.fixture(scope="module")
def refused(pushed: Run, workspace: Workspace) -> Run:
    """A run after `pushed`, whose model is worse than it."""
    assert pushed.exit_code == 0
    run = workspace.run("training.learning_rate=0.0001", "thresholds.accuracy=0.999")
    assert run.exit_code == 3, run.output
    shutil.copy(_page(workspace), workspace.folder / "refused.html")
    return run


@pytest.fixture(scope="module")
def failed(refused: Run, workspace: Workspace) -> Run:
    """A run after both, whose data are truncated."""
    assert refused.exit_code == 3
    path = workspace.folder / "data" / "mnist" / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    path.write_bytes(gzip.compress(gzip.decompress(whole)[:-5]))
    run = workspace.run()
    path.write_bytes(whole)
    assert run.exit_code == 1, run.output
    shutil.copy(_page(workspace), workspace.folder / "failed.html")
    return run


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    with headless_chromium() as browser:
        yield browser


def _page(workspace: Workspace) -> Path:
    return workspace.root / "report.html"


def _stored(workspace: Workspace) -> list[Path]:
    """Returns what runs have measured, the oldest first."""
    return [folder / "report.json" for folder in _outputs(workspace, "RunReport", "report")]


def _outputs(workspace: Workspace, node: str, key: str) -> list[Path]:
    folders = (workspace.root / node / key).iterdir()
    return sorted(folders, key=lambda folder: int(folder.name))


def test_a_run_says_where_its_report_is(pushed: Run, workspace: Workspace):
    assert f"report: {_page(workspace)}" in pushed.output
    assert pushed.outcome["report_file"] == str(_page(workspace))


def test_every_part_follows_from_artifacts(pushed: Run, workspace: Workspace):
    measured = Measurements.model_validate_json(_stored(workspace)[0].read_text())

    assert measured.is_whole
    assert not isinstance(measured.predictions, Missing)
    accuracy = 1 - measured.predictions.num_misread / measured.predictions.num_rows
    assert accuracy == pytest.approx(pushed.outcome["metrics"]["accuracy"], abs=1e-6)


def test_the_page_of_a_pushed_model_names_version_place_and_card(pushed: Run, workspace: Workspace):
    page = (workspace.folder / "pushed.html").read_text()

    version = pushed.outcome["pushed_version"]
    assert f"Blessed, and pushed as version {version}" in page
    assert f"It is in {workspace.serving_model_dir / version}." in page
    assert "Mine &amp; yours." in page
    assert page.count("complete, ") == len(pushed.states)


def test_the_page_of_a_refused_model_names_gate_metric_slice_value_bound_and_the_model_before(
    refused: Run, workspace: Workspace
):
    page = (workspace.folder / "refused.html").read_text()

    assert "Not blessed; nothing was pushed" in page
    below = [check for check in refused.outcome["checks"] if not check["passed"]]
    assert below
    for check in below:
        assert f"{check['metric']} of {check['slice']} is {check['value']:.4f} &lt; " in page
    measured = Measurements.model_validate_json(_stored(workspace)[1].read_text())
    assert not isinstance(measured.evaluation, Missing)
    assert {check.slice for check in measured.evaluation.checks if check.baseline is not None} == {
        "all",
        *(f"label {number}" for number in range(10)),
    }


def test_the_page_of_a_failed_run_names_node_and_cause_and_says_what_is_missing(
    failed: Run, workspace: Workspace
):
    page = (workspace.folder / "failed.html").read_text()

    assert "Failed in IdxExampleGen" in page
    assert "train-images-idx3-ubyte.gz" in page
    assert page.count("The run did not get as far.") >= 6
    assert failed.outcome["report_file"] == str(_page(workspace))


def test_a_run_knows_the_runs_before_it(refused: Run, pushed: Run, workspace: Workspace):
    page = (workspace.folder / "refused.html").read_text()

    assert pushed.outcome["run_id"] in page
    assert refused.outcome["run_id"] in page
    assert "Accuracy of past runs" in page


@pytest.mark.parametrize("name", ["pushed", "refused", "failed"])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_real_pages_are_whole_legible_silent_and_open_to_everybody(
    failed: Run, workspace: Workspace, browser: WebDriver, name: str, width: int, scheme: str
):
    assert failed.exit_code == 1

    show(browser, workspace.folder / f"{name}.html", width=width, scheme=scheme)

    headings = browser.find_elements(By.CSS_SELECTOR, "section > h2")
    assert len(headings) == len(SECTIONS)
    assert all(heading.is_displayed() for heading in headings)
    assert [address for address in loaded(browser) if not address.startswith("data:")] == []
    assert complaints(browser) == []
    assert cut_texts(browser) == []
    assert overflow(browser) == 0
    assert violations(browser) == []


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


def test_without_a_name_it_is_the_last_run(failed: Run, workspace: Workspace):
    answer = workspace.tfx_mnist("report")

    page = workspace.folder / f"report-{failed.outcome['run_id']}.html"
    assert answer.stdout == f"Wrote {page}\n", answer.stderr
    assert "Failed in IdxExampleGen" in page.read_text()


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
    stored = _stored(workspace)[1]
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
