"""The report of whole runs: beside run.json at every end, and made again by a command."""

import gzip
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver

from components.run_report.content.part import Missing
from components.run_report.content.report import Measurements
from components.run_report.page.rendering import COMPARED, SECTIONS
from support.web.browser import complaints, headless_chromium, loaded, overflow
from support.web.reading_pages import cut_texts, show, violations
from support.workspaces import Run, Workspace


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
def pages(failed: Run, pushed: Run, refused: Run, workspace: Workspace) -> dict[str, Path]:
    """The page of each run, and that of two of them side by side."""
    assert failed.exit_code == 1
    compared = workspace.folder / "compared.html"
    run_ids = (pushed.outcome["run_id"], refused.outcome["run_id"])
    answer = workspace.tfx_mnist("report", "--compare", *run_ids, f"--output={compared}")
    assert answer.returncode == 0, answer.stderr
    names = ("pushed", "refused", "failed", "compared")
    return {name: workspace.folder / f"{name}.html" for name in names}


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


@pytest.mark.parametrize(
    ("name", "sections"),
    [*((name, SECTIONS) for name in ("pushed", "refused", "failed")), ("compared", COMPARED)],
    ids=["pushed", "refused", "failed", "compared"],
)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_real_pages_are_whole_legible_silent_and_open_to_everybody(
    pages: dict[str, Path],
    browser: WebDriver,
    name: str,
    sections: Mapping[str, str],
    width: int,
    scheme: str,
):
    show(browser, pages[name], width=width, scheme=scheme)

    headings = browser.find_elements(By.CSS_SELECTOR, "section > h2")
    assert len(headings) == len(sections)
    assert all(heading.is_displayed() for heading in headings)
    assert [address for address in loaded(browser) if not address.startswith("data:")] == []
    assert complaints(browser) == []
    assert cut_texts(browser) == []
    assert overflow(browser) == 0
    assert violations(browser) == []
