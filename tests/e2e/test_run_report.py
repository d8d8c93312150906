"""The report of whole runs: beside run.json at every end, and made again by a command."""

from collections.abc import Callable, Iterator

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from components.run_report.content.part import Missing
from components.run_report.content.report import Measurements
from support.web.browser import headless_chromium
from support.workspaces import Run, Workspace

WITHOUT_TENSORFLOW = (
    "import sys; sys.modules['tensorflow'] = None;"
    "from runners.commands.main import main; sys.argv[0] = 'tfx-mnist'; main()"
)


@pytest.fixture(scope="module")
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace()


@pytest.fixture(scope="module")
def pushed(workspace: Workspace) -> Run:
    run = workspace.run()
    assert run.exit_code == 0, run.output
    return run


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    with headless_chromium() as browser:
        yield browser


def _measurements(workspace: Workspace) -> Measurements:
    [stored] = (workspace.root / "RunReport" / "report").glob("*/report.json")
    return Measurements.model_validate_json(stored.read_text())


def test_a_run_says_where_its_report_is(pushed: Run, workspace: Workspace):
    page = workspace.root / "report.html"

    assert f"report: {page}" in pushed.output
    assert pushed.outcome["report_file"] == str(page)
    assert f"Blessed, and pushed as version {pushed.outcome['pushed_version']}" in page.read_text()


def test_every_part_follows_from_artifacts(pushed: Run, workspace: Workspace):
    measured = _measurements(workspace)

    assert measured.is_whole
    assert not isinstance(measured.predictions, Missing)
    accuracy = 1 - measured.predictions.num_misread / measured.predictions.num_rows
    assert accuracy == pytest.approx(pushed.outcome["metrics"]["accuracy"], abs=1e-6)
