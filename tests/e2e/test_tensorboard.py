"""`tfx-mnist tensorboard` over real runs: the event files, and the page in a real browser."""

import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from support.waiting import DEADLINE_SECONDS
from support.web.browser import complaints, headless_chromium, loaded
from support.workspaces import Run, Workspace

# All that is shown, also in the shadow trees of TensorBoard's own elements.
_ALL_TEXT = """
const textOf = (node) =>
  (node.nodeType === Node.TEXT_NODE ? node.textContent : "") +
  [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes].map(textOf).join(" ");
return textOf(document.body);
"""


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
    assert pushed.exit_code == 0
    run = workspace.run("training.learning_rate=0.0001", "thresholds.accuracy=0.999")
    assert run.exit_code == 3, run.output
    return run


@pytest.fixture(scope="module")
def folder(workspace: Workspace) -> Path:
    """Where TensorBoard's logs are kept."""
    return workspace.folder / "logs"


@pytest.fixture(scope="module")
def url(refused: Run, workspace: Workspace, folder: Path) -> Iterator[str]:
    """TensorBoard over both runs; at its end nothing in the pipeline's folders is another."""
    assert refused.exit_code == 3
    before = _files(workspace.root)
    process = subprocess.Popen(
        workspace.command("tensorboard", "--port=0", f"--logdir={folder}"),
        cwd=workspace.folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = iter(process.stdout.readline, "")
    yield next(found[1] for line in said if (found := re.search(r"TensorBoard is at (\S+)", line)))
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    assert _files(workspace.root) == before


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    with headless_chromium() as browser:
        yield browser


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    stats = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
    return {str(path): (stat.st_size, stat.st_mtime_ns) for path, stat in stats.items()}


def _read(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def _name(run: Run) -> str:
    version = run.outcome["pushed_version"]
    return f"{run.outcome['run_id']} version {version}" if version else run.outcome["run_id"]


def _wait_for(browser: WebDriver, url: str, tab: str, *texts: str) -> None:
    browser.get("about:blank")  # another fragment alone loads nothing anew
    browser.get(f"{url}#{tab}")
    waiting = WebDriverWait(browser, DEADLINE_SECONDS)
    for text in texts:
        waiting.until(lambda browser, text=text: text in browser.execute_script(_ALL_TEXT), text)


def test_a_run_has_what_its_trainer_logged_by_epoch(url: str, folder: Path, pushed: Run):
    assert url
    training = _read(folder / _name(pushed) / "train").Tags()["tensors"]
    validation = _read(folder / _name(pushed) / "validation").Tags()["tensors"]

    assert {"epoch_loss", "epoch_accuracy", "epoch_learning_rate"} <= set(training)
    assert {"epoch_loss", "epoch_accuracy"} <= set(validation)


def test_a_run_has_pictures_final_metrics_and_the_graph_of_its_model(
    url: str, folder: Path, refused: Run
):
    assert url
    events = _read(folder / _name(refused))

    operations = {node.op for node in events.Graph().node}
    assert {"misread", "confusion matrix", "test_accuracy", "test_misread"} <= set(
        events.Tags()["tensors"]
    )
    assert {"Conv2D", "MatMul", "Softmax"} <= operations


def test_the_page_shows_both_runs_and_loads_nothing_from_elsewhere(
    url: str, browser: WebDriver, pushed: Run, refused: Run
):
    _wait_for(browser, url, "timeseries", "epoch_learning_rate", _name(pushed), _name(refused))
    _wait_for(browser, url, "images", "confusion matrix", "misread", "sample: 1 of")
    _wait_for(browser, url, "graphs", "Main Graph", "Softmax")
    _wait_for(browser, url, "hparams", "learning_rate", "test_accuracy")

    assert complaints(browser) == []
    assert [address for address in loaded(browser) if not address.startswith(url)] == []


def test_an_unknown_run_is_one_error(refused: Run, workspace: Workspace):
    assert refused.exit_code == 3
    answer = workspace.tfx_mnist("tensorboard", "no-such-run")

    assert answer.returncode == 1
    assert "received no-such-run" in answer.stderr


def test_a_pipeline_without_a_run_is_one_error(refused: Run, workspace: Workspace):
    assert refused.exit_code == 3
    settings = ["pipeline_name=another", f"metadata_path={workspace.root}/metadata.db"]

    answer = workspace.tfx_mnist("tensorboard", *(f"--set={setting}" for setting in settings))

    assert answer.returncode == 1
    assert "no run of another yet" in answer.stderr


def test_a_folder_that_is_in_use_is_refused(workspace: Workspace):
    answer = workspace.tfx_mnist("tensorboard", f"--logdir={workspace.folder}")

    assert answer.returncode == 2
    assert "expected an absent or empty folder" in answer.stderr


def test_a_port_that_is_taken_is_one_error(url: str, workspace: Workspace):
    port = httpx.URL(url).port

    answer = workspace.tfx_mnist("tensorboard", f"--port={port}")

    assert answer.returncode == 1
    assert f"could not bind to port {port}" in answer.stderr
