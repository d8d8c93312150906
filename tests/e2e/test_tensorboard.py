"""`tfx-mnist tensorboard` over real runs: the event files, and the page in a real browser."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from support.programs import TFX_MNIST
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
    folder.mkdir()  # as a volume is there, and empty
    process = subprocess.Popen(
        workspace.command("tensorboard", "--port=0", f"--logdir={folder}"),
        cwd=workspace.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if found := re.search(r"TensorBoard is at (\S+)", line):
            break
    else:
        pytest.fail(said)
    yield found[1]
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


@pytest.mark.usefixtures("url")
def test_a_run_has_what_its_trainer_logged_by_epoch(folder: Path, pushed: Run):
    training = _read(folder / _name(pushed) / "train").Tags()["tensors"]
    validation = _read(folder / _name(pushed) / "validation").Tags()["tensors"]

    assert {"epoch_loss", "epoch_accuracy", "epoch_learning_rate"} <= set(training)
    assert {"epoch_loss", "epoch_accuracy"} <= set(validation)


@pytest.mark.usefixtures("url")
def test_a_run_has_pictures_final_metrics_and_the_graph_of_its_model(folder: Path, refused: Run):
    events = _read(folder / _name(refused))

    operations = {node.op for node in events.Graph().node}
    assert {"misread", "confusion matrix", "test_accuracy", "test_misread"} <= set(
        events.Tags()["tensors"]
    )
    assert {"Conv2D", "MatMul", "Softmax"} <= operations


def test_hyperparameters_that_differ_come_first(url: str):
    request = {"experimentName": "", "hparamsLimit": 1}

    experiment = httpx.post(f"{url}data/plugin/hparams/experiment", json=request).json()

    [first] = experiment["hparamInfos"]
    assert (first["name"], first["differs"]) == ("learning_rate", True)
    assert "test_accuracy" in {each["name"]["tag"] for each in experiment["metricInfos"]}


@pytest.mark.parametrize(
    ("tab", "expected"),
    [
        ("timeseries", ["epoch_learning_rate", "test_accuracy"]),
        ("images", ["confusion matrix", "misread", "sample: 1 of"]),
        ("graphs", ["Main Graph", "Softmax"]),
        ("hparams", ["learning_rate", "test_accuracy"]),
    ],
)
def test_the_page_shows_the_runs_and_loads_nothing_from_elsewhere(
    url: str, browser: WebDriver, tab: str, expected: list[str]
):
    browser.get("about:blank")  # another fragment alone loads nothing anew
    browser.get(f"{url}#{tab}")

    for text in expected:
        WebDriverWait(browser, DEADLINE_SECONDS).until(
            lambda browser, text=text: text in browser.execute_script(_ALL_TEXT), text
        )
    assert complaints(browser) == []
    assert [address for address in loaded(browser) if not address.startswith(url)] == []


def test_runs_are_chosen_by_id_and_by_version_and_named_by_both(
    workspace: Workspace, pushed: Run, refused: Run, tmp_path: Path
):
    asked = (pushed.outcome["pushed_version"], refused.outcome["run_id"])
    process = subprocess.Popen(
        workspace.command("tensorboard", "--port=0", *asked),
        cwd=workspace.folder,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None

    said = [process.stdout.readline() for _ in range(4)]

    assert said[:3] == ["Runs:\n", f"  {_name(refused)}\n", f"  {_name(pushed)}\n"]
    assert said[3].startswith("TensorBoard is at http://127.0.0.1:")
    assert list(tmp_path.glob("tensorboard-*"))
    process.send_signal(signal.SIGINT)
    assert process.wait() == 0
    assert not list(tmp_path.glob("tensorboard-*"))


@pytest.mark.usefixtures("refused")
def test_it_can_be_ended_as_soon_as_it_has_said_so(workspace: Workspace):
    code = f"""
import os
import signal
import click

def echo_and_interrupt(text, *arguments, echo=click.echo, **options):
    echo(text, *arguments, **options)
    if "Ctrl-C ends it" in text:
        os.kill(os.getpid(), signal.SIGINT)

click.echo = echo_and_interrupt
{TFX_MNIST}
"""

    answer = subprocess.run(
        [sys.executable, "-c", code, "tensorboard", "--port=0"],
        cwd=workspace.folder,
        check=False,
        capture_output=True,
        text=True,
    )

    assert "TensorBoard is at http://127.0.0.1:" in answer.stdout
    assert (answer.returncode, "Aborted" in answer.stderr) == (0, False)


@pytest.mark.usefixtures("refused")
def test_an_unknown_run_is_one_error(workspace: Workspace):
    answer = workspace.tfx_mnist("tensorboard", "--port=0", "no-such/run")

    assert answer.returncode == 1
    assert "received no-such/run" in answer.stderr


@pytest.mark.usefixtures("refused")
def test_a_pipeline_without_a_run_is_one_error(workspace: Workspace):
    settings = ["pipeline_name=another", f"metadata_path={workspace.root}/metadata.db"]

    answer = workspace.tfx_mnist(
        "tensorboard", "--port=0", *(f"--set={setting}" for setting in settings)
    )

    assert answer.returncode == 1
    assert "no run of another yet" in answer.stderr


@pytest.mark.parametrize("logdir", [".", "gs://bucket/logs"])
def test_a_folder_that_is_in_use_or_remote_is_refused(workspace: Workspace, logdir: str):
    answer = workspace.tfx_mnist("tensorboard", f"--logdir={logdir}")

    assert answer.returncode == 2
    assert f"absent or empty, received {logdir}" in answer.stderr


def test_a_folder_that_cannot_be_made_is_one_error(workspace: Workspace):
    answer = workspace.tfx_mnist("tensorboard", "--logdir=/proc/logs/here")

    assert answer.returncode == 1
    assert "--logdir: /proc/logs/here: cannot be made" in answer.stderr


def test_an_address_that_cannot_be_listened_on_is_one_error_and_keeps_nothing(
    url: str, workspace: Workspace
):
    folder = workspace.folder / "never"
    port = httpx.URL(url).port
    for host in ("127.0.0.1", "no.such.host.invalid"):
        answer = workspace.tfx_mnist(
            "tensorboard", f"--host={host}", f"--port={port}", f"--logdir={folder}"
        )

        assert answer.returncode == 1
        assert f"{host}:{port}: cannot listen there" in answer.stderr
        assert not folder.exists()
