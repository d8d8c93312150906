"""The bad day: data and models that must not reach the serving directory."""

import gzip
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from support.workspaces import Run, Workspace

TRAIN_LABELS = "train-labels-idx1-ubyte.gz"
TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
TEST_LABELS = "t10k-labels-idx1-ubyte.gz"
TEST_IMAGES = "t10k-images-idx3-ubyte.gz"


@pytest.fixture(scope="module")
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace(num_train=6000, num_test=1000)


@pytest.fixture(scope="module")
def good_run(workspace: Workspace) -> Run:
    run = workspace.run()
    assert run.exit_code == 0, run.output
    return run


def _rewrite(path: Path, header_bytes: int, change: Callable[[np.ndarray], np.ndarray]) -> None:
    data = gzip.decompress(path.read_bytes())
    body = np.frombuffer(data, np.uint8, offset=header_bytes).copy()
    path.write_bytes(gzip.compress(data[:header_bytes] + change(body).tobytes()))


def _keep(
    workspace: Workspace,
    images_name: str,
    labels_name: str,
    choose: Callable[[np.ndarray], np.ndarray],
) -> None:
    """Leaves the rows of a pair of files whose labels are chosen."""
    folder = workspace.folder / "data" / "mnist"
    labels = np.frombuffer(gzip.decompress((folder / labels_name).read_bytes()), np.uint8)[8:]
    images = np.frombuffer(gzip.decompress((folder / images_name).read_bytes()), np.uint8)[16:]
    kept = np.flatnonzero(choose(labels))
    rows = images.reshape(-1, 784)[kept]
    (folder / labels_name).write_bytes(
        gzip.compress(struct.pack(">II", 0x801, len(kept)) + labels[kept].tobytes())
    )
    (folder / images_name).write_bytes(
        gzip.compress(struct.pack(">IIII", 0x803, len(kept), 28, 28) + rows.tobytes())
    )


def _versions(workspace: Workspace) -> set[str]:
    return {path.name for path in workspace.serving_model_dir.iterdir() if path.name.isdigit()}


def test_a_worse_model_than_the_last_blessed_one_is_not_pushed(good_run: Run, workspace: Workspace):
    before = _versions(workspace)

    run = workspace.run("training.learning_rate=0.00005", "thresholds.accuracy=0")

    assert run.exit_code == 3, run.output
    assert run.outcome["has_baseline"] is True
    assert re.search(r"accuracy change of all is -0\.\d{4} < -0\.0020", run.output)
    assert _versions(workspace) == before
    assert good_run.outcome["pushed_version"] in before


def test_a_fifth_of_the_labels_shuffled_is_not_blessed(good_run: Run, workspace: Workspace):
    before = _versions(workspace)
    generator = np.random.default_rng(0)

    def shuffle_a_fifth(labels: np.ndarray) -> np.ndarray:
        rows = generator.choice(len(labels), len(labels) // 5, replace=False)
        labels[rows] = labels[generator.permutation(rows)]
        return labels

    path = workspace.folder / "data" / "mnist" / TRAIN_LABELS
    original = path.read_bytes()
    _rewrite(path, 8, shuffle_a_fifth)
    run = workspace.run("thresholds.max_eval_gap=1")
    path.write_bytes(original)

    assert run.exit_code == 3, run.output
    assert "NOT BLESSED, nothing was pushed" in run.output
    assert "accuracy change of all is -0." in run.output
    assert _versions(workspace) == before
    assert good_run.exit_code == 0


def test_labels_that_are_wrong_at_random_are_seen_on_the_first_run(
    make_workspace: Callable[..., Workspace],
):
    workspace = make_workspace(num_train=6000, num_test=1000)
    generator = np.random.default_rng(0)

    def mistake_a_tenth(labels: np.ndarray) -> np.ndarray:
        rows = generator.choice(len(labels), len(labels) // 10, replace=False)
        labels[rows] = (labels[rows] + generator.integers(1, 10, len(rows))) % 10
        return labels

    _rewrite(workspace.folder / "data" / "mnist" / TRAIN_LABELS, 8, mistake_a_tenth)

    run = workspace.run()

    assert run.exit_code == 3, run.output
    [refused] = [each for each in run.outcome["checks"] if not each["passed"]]
    assert refused["slice"] == "split eval"
    assert refused["value"] < refused["bound"] < run.outcome["metrics"]["accuracy"]
    assert "unless the test files are easier, some of the former are wrong" in run.output
    page = (workspace.root / "report.html").read_text()
    assert "Correct the labels of the train files" in page
    assert not workspace.serving_model_dir.exists()

    run = workspace.run("thresholds.max_eval_gap=1")
    assert run.exit_code == 0, run.output
    assert run.states["Trainer"] == "cached"
    assert "split eval" not in run.output


def test_images_of_zeros_are_stopped_by_the_gate_before_training(
    good_run: Run, workspace: Workspace
):
    path = workspace.folder / "data" / "mnist" / TRAIN_IMAGES
    original = path.read_bytes()
    _rewrite(path, 16, np.zeros_like)
    run = workspace.run()
    path.write_bytes(original)

    assert run.exit_code == 1
    assert run.outcome["failed_node"] == "AnomalyGate"
    for feature in ("mean_intensity", "ink_fraction"):
        assert feature in run.outcome["cause"]
    assert "train" in run.outcome["cause"]
    assert run.states["Transform"] == run.states["Trainer"] == "not reached"
    assert good_run.exit_code == 0


def test_a_digit_that_left_the_data_is_drift_from_the_last_accepted_run(
    make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LOGNAME", "ada")
    workspace = make_workspace(num_train=1500, num_test=200)
    accepted = workspace.run()
    _keep(workspace, TRAIN_IMAGES, TRAIN_LABELS, lambda labels: (labels != 7) & (labels != 1))
    run = workspace.run()

    assert accepted.states["AnomalyGate"] == "complete", accepted.output
    assert run.outcome["failed_node"] == "AnomalyGate"
    assert "label" in run.outcome["cause"]
    assert "drift" in run.outcome["cause"].lower()
    assert "there are no rows of 1 and 7" in run.outcome["cause"]
    assert "--set pipeline_name=NAME" in run.outcome["cause"]
    page = (workspace.root / "report.html").read_text()
    assert "Failed in AnomalyGate" in page
    assert '<li class="series-4">train before</li>' in page
    assert "Examples of each class" in page

    wanted = "thresholds.unmeasured_classes=[1, 7]"
    refused = workspace.run(wanted).outcome
    [data] = re.findall(r"`tfx-mnist run --accept-new-data ([0-9a-f]{12})`", refused["cause"])
    accepted = workspace.run(wanted, options=("--accept-new-data", data))
    assert accepted.states["AnomalyGate"] == "complete", accepted.output
    assert accepted.outcome["accepted_drift"]["name"] == "ada"
    assert "Drift accepted by ada, 2" in accepted.output
    assert "Drift accepted by ada, 2" in (workspace.root / "report.html").read_text()
    again = workspace.run(wanted, options=("--from", "ExampleValidator"))
    assert again.states["AnomalyGate"] == "complete", again.output


def test_of_too_few_test_rows_a_good_value_is_no_blessing(good_run: Run, workspace: Workspace):
    before = _versions(workspace)

    run = workspace.run("thresholds.min_rows=100")

    assert run.exit_code == 3, run.output
    assert "number of rows of label 0 is 85 < 100" in run.output
    assert "number of rows of label 1" not in run.output
    checks = run.outcome["checks"]
    assert [each["rows"] for each in checks if each["slice"] == "label 0"] == [85, 85]
    assert _versions(workspace) == before
    assert good_run.exit_code == 0


def test_classes_without_test_rows_stop_the_run_before_training(
    make_workspace: Callable[..., Workspace],
):
    workspace = make_workspace(num_train=1500, num_test=400)
    _keep(workspace, TEST_IMAGES, TEST_LABELS, lambda labels: labels < 5)

    run = workspace.run()

    assert run.exit_code == 1
    assert run.outcome["failed_node"] == "AnomalyGate"
    assert "there are no rows of 5 to 9" in run.outcome["cause"]
    assert f"{TEST_LABELS}, {TRAIN_IMAGES}" in run.outcome["cause"]
    assert f"in {workspace.folder}/data/mnist" in run.outcome["cause"]
    assert run.states["Trainer"] == "not reached"

    # The other digits are on eval all the same, and may be harder to read.
    unmeasured = "thresholds.unmeasured_classes=[5, 6, 7, 8, 9]"
    wanted = workspace.run(unmeasured, "thresholds.max_eval_gap=0.5")
    assert wanted.exit_code == 0, wanted.output
    held = {each["slice"] for each in wanted.outcome["checks"]}
    assert held == {"all", *(f"label {digit}" for digit in range(5)), "split eval"}


def test_test_files_that_are_a_relabelled_copy_of_the_train_files_stop_the_run(
    make_workspace: Callable[..., Workspace],
):
    workspace = make_workspace(num_train=1500, num_test=400)
    folder = workspace.folder / "data" / "mnist"
    (folder / TEST_IMAGES).write_bytes((folder / TRAIN_IMAGES).read_bytes())
    (folder / TEST_LABELS).write_bytes((folder / TRAIN_LABELS).read_bytes())
    _rewrite(folder / TEST_LABELS, 8, lambda labels: (labels + 1) % 10)

    run = workspace.run()

    assert run.exit_code == 1
    assert run.outcome["failed_node"] == "AnomalyGate"
    cause = run.outcome["cause"]
    assert "split test, feature image: Images that are trained on." in cause
    assert re.search(r"1,\d{3} images also stand in split train, whatever their labels", cause)
    assert "row 0 of t10k-images-idx3-ubyte.gz is row 0 of train-images-idx3-ubyte.gz" in cause
    assert run.states["Trainer"] == "not reached"


def test_a_hundred_rows_are_refused_for_being_too_few(make_workspace: Callable[..., Workspace]):
    workspace = make_workspace(num_train=100, num_test=400)

    run = workspace.run("examples.min_train_rows=500")

    assert run.exit_code == 1
    assert "in 1 place" in run.outcome["cause"]
    assert "split train, feature the whole data set: Too few rows." in run.outcome["cause"]
    assert "Seen: 85 examples" in run.outcome["cause"]
    assert "lower examples.min_train_rows" in run.outcome["cause"]


def test_a_candidate_that_lost_its_variables_is_not_pushed(good_run: Run, workspace: Workspace):
    """The trainer's export is damaged on disk before the gate looks at it."""
    before = _versions(workspace)
    trainer = workspace.folder / "modules" / "trainer.py"
    original = trainer.read_text()
    damage = (
        "\n\n_sound_run_fn = run_fn\n\n\n"
        "def run_fn(fn_args):\n"
        "    _sound_run_fn(fn_args)\n"
        "    tf.io.gfile.rmtree(f'{fn_args.serving_model_dir}/variables')\n"
    )
    trainer.write_text(original + damage)
    run = workspace.run()
    trainer.write_text(original)

    assert run.exit_code == 1, run.output
    assert run.states["ServabilityValidator"] == "complete"
    assert run.outcome["unservable"] != []
    assert run.states["Pusher"] == "not reached"
    assert "variables" in run.output
    assert _versions(workspace) == before
    assert good_run.exit_code == 0
