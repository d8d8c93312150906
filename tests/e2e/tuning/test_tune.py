"""`tfx-mnist tune` on a small part of MNIST, and a run that trains with what it found."""

import json
import re
import signal
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from support.waiting import wait_until
from support.workspaces import Run, Workspace

SETTINGS = (
    "tuning.trials=3",
    "tuning.epochs=1",
    "tuning.space.filters.low=2",
    "tuning.space.filters.high=8",
)


@pytest.fixture(scope="module")
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace(num_train=1000, num_test=200)


@pytest.fixture(scope="module")
def tuned(workspace: Workspace) -> str:
    """Returns what a search says, which has written `best.yaml`."""
    arguments = (*workspace.arguments(*SETTINGS), "--output=best.yaml")
    answer = workspace.tfx_mnist("tune", *arguments)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def search(workspace: Workspace, tuned: str) -> dict[str, Any]:
    assert tuned
    return read_search(workspace)


@pytest.fixture(scope="module")
def pushed(workspace: Workspace, tuned: str) -> Run:
    """Returns a whole run after the search."""
    assert tuned
    run = workspace.run(*SETTINGS, "tuning.enabled=true")
    assert run.exit_code == 0, run.output
    return run


def read_search(workspace: Workspace) -> dict[str, Any]:
    """Returns the search that ended last."""
    files = workspace.root.glob("Tuner/tuner_results/*/search.json")
    newest = max(files, key=lambda file: int(file.parent.name))
    content: dict[str, Any] = json.loads(newest.read_text())
    return content


def table_of(search: dict[str, Any]) -> list[Any]:
    return [(each["number"], each["values"], each["history"]) for each in search["trials"]]


def best_of(search: dict[str, Any]) -> dict[str, Any]:
    best: dict[str, Any] = max(
        search["trials"], key=lambda trial: (trial["history"][0]["val_accuracy"], -trial["number"])
    )
    return best


def test_table_has_a_line_for_each_trial_and_the_present_values_first(
    tuned: str, search: dict[str, Any]
):
    assert re.search(r"Trials: accuracy on the \d+ rows of the split eval", tuned)
    for trial in search["trials"]:
        score = f"{trial['history'][0]['val_accuracy']:.4f}"
        line = re.search(rf"^ +{trial['number']} .*{re.escape(score)}.*", tuned, re.MULTILINE)
        assert line
        assert f"trial {trial['number']}: val_accuracy {score} with learning_rate" in tuned
        assert ("present" in line[0]) == (trial["number"] == 1)


def test_only_what_the_search_needs_was_run(workspace: Workspace, tuned: str):
    assert "running 8 nodes: IdxExampleGen, " in tuned
    assert "Tuner: complete" in tuned
    assert not (workspace.root / "Trainer").exists()


def test_search_ends_with_a_report(workspace: Workspace, tuned: str):
    assert f"report: {workspace.root}" in tuned
    assert "Warning" not in tuned


def test_best_values_are_written_for_a_configuration(workspace: Workspace, search: dict[str, Any]):
    content = yaml.safe_load((workspace.folder / "best.yaml").read_text())

    assert content == {"training": best_of(search)["values"]}


def test_file_that_could_not_be_written_is_refused_before_the_search(workspace: Workspace):
    answer = workspace.tfx_mnist("tune", *workspace.arguments(), "--output=nowhere/best.yaml")

    assert answer.returncode == 2
    assert "expected a file in a folder that is there, received nowhere/best.yaml" in answer.stderr


def test_run_after_it_takes_the_search_from_the_cache_and_trains_with_what_it_found(
    pushed: Run, workspace: Workspace, search: dict[str, Any]
):
    assert pushed.states["Tuner"] == "cached"
    [record] = workspace.root.glob("Trainer/model_run/*/training.json")
    content = json.loads(record.read_text())
    best = best_of(search)["values"]
    assert set(content["tuned"]) == set(best)
    assert {name: content["hyperparameters"][name] for name in best} == best
    assert content["hyperparameters"]["epochs"] == 2


def test_pushed_version_says_what_was_tuned(
    pushed: Run, workspace: Workspace, search: dict[str, Any]
):
    answer = workspace.tfx_mnist("models", "--json", *workspace.arguments())
    [version] = json.loads(answer.stdout)
    assert str(version["version"]) == pushed.outcome["pushed_version"]
    assert version["tuned"] == best_of(search)["values"]


def test_lineage_leads_from_the_version_to_the_search(pushed: Run, workspace: Workspace):
    version = pushed.outcome["pushed_version"]
    answer = workspace.tfx_mnist("lineage", version, *workspace.arguments())
    assert re.search(r"hyperparameters \d+  Tuner in run", answer.stdout), answer.stdout


@pytest.mark.parametrize("of", ["the search alone", "a whole run"])
def test_report_and_runs_show_the_trials_side_by_side(
    workspace: Workspace, pushed: Run, search: dict[str, Any], of: str
):
    run_id = pushed.outcome["run_id"]
    if of == "the search alone":
        *_, first = json.loads(workspace.tfx_mnist("runs", "--json", *workspace.arguments()).stdout)
        run_id = first["run_id"]

    shown = workspace.tfx_mnist("runs", run_id, *workspace.arguments()).stdout
    made = workspace.tfx_mnist("report", run_id, "--output=page.html", *workspace.arguments())

    assert made.returncode == 0, made.stderr
    page = (workspace.folder / "page.html").read_text()
    assert "Search for hyperparameters" in page
    assert "Accuracy on eval by learning rate" in page
    for trial in search["trials"]:
        assert f"{trial['history'][0]['val_accuracy']:.4f}" in shown
        assert f"{trial['history'][0]['val_accuracy']:.4f}" in page


@pytest.mark.usefixtures("pushed")
def test_same_search_again_comes_from_the_cache_and_says_what_to_put_where(
    workspace: Workspace, search: dict[str, Any]
):
    answer = workspace.tfx_mnist("tune", *workspace.arguments(*SETTINGS))

    assert answer.returncode == 0, answer.stderr
    assert "Tuner: cached" in answer.stdout
    best = best_of(search)
    if best["number"] == 1:
        assert "No trial was better than the present values" in answer.stdout
    else:
        kept = answer.stdout.partition("without a search, put into the configuration:\n")[2]
        assert yaml.safe_load(kept.partition("report:")[0]) == {"training": best["values"]}


@pytest.mark.usefixtures("pushed")
def test_search_of_another_space_trains_anew(workspace: Workspace):
    changed = workspace.arguments(*SETTINGS, "tuning.space.filters.high=4", "tuning.trials=1")
    answer = workspace.tfx_mnist("tune", *changed)

    assert answer.returncode == 0, answer.stderr
    assert "Tuner: complete" in answer.stdout
    assert "No trial was better than the present values: there is nothing to" in answer.stdout


def test_search_that_was_killed_goes_on_to_the_same_table(
    make_workspace: Callable[..., Workspace], search: dict[str, Any]
):
    workspace = make_workspace(num_train=1000, num_test=200)
    arguments = ("tune", *workspace.arguments(*SETTINGS))
    kept = workspace.root / "Tuner" / "backup"
    for number in (1, 2):
        process = workspace.start(*arguments)
        ended = f"*/trial-{number:04d}.json"
        wait_until(lambda ended=ended: list(kept.glob(ended)), f"trial {number} to end")
        process.send(signal.SIGKILL)
        process.wait()
    answer = workspace.tfx_mnist(*arguments)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert table_of(read_search(workspace)) == table_of(search)
    assert list(kept.iterdir()) == []
