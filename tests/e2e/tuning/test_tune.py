"""`tfx-mnist tune` on a small part of MNIST, and a run that trains with what it found."""

import json
import re
import shlex
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from modules.tuning.trials import Search
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
def search(workspace: Workspace, tuned: str) -> Search:
    assert tuned
    return read_search(workspace)


@pytest.fixture(scope="module")
def pushed(workspace: Workspace, tuned: str) -> Run:
    """Returns a whole run after the search."""
    assert tuned
    run = workspace.run(*SETTINGS, "tuning.enabled=true")
    assert run.exit_code == 0, run.output
    return run


def list_searches(workspace: Workspace) -> list[Path]:
    """Returns the files of the searches that have ended, the newest last."""
    files = workspace.root.glob("Tuner/tuner_results/*/search.json")
    return sorted(files, key=lambda file: int(file.parent.name))


def read_search(workspace: Workspace) -> Search:
    """Returns the search that ended last."""
    return Search.model_validate_json(list_searches(workspace)[-1].read_text())


def test_table_has_a_line_for_each_trial_and_the_present_values_first(tuned: str, search: Search):
    assert re.search(r"Trials: accuracy on the \d+ rows of the split eval", tuned)
    for trial in search.trials:
        score = f"{trial.score:.4f}"
        line = re.search(rf"^ +{trial.number} .*{re.escape(score)}.*", tuned, re.MULTILINE)
        assert line
        assert f"trial {trial.number}: val_accuracy {score} with learning_rate" in tuned
        assert ("present" in line[0]) == (trial.number == 1)


def test_only_what_the_search_needs_was_run(workspace: Workspace, tuned: str):
    assert "running 8 nodes: IdxExampleGen, " in tuned
    assert "Tuner: complete" in tuned
    assert not (workspace.root / "Trainer").exists()


def test_search_ends_with_a_report(workspace: Workspace, tuned: str):
    assert f"report: {workspace.root}" in tuned
    assert "Warning" not in tuned


def test_best_values_are_written_for_a_configuration(workspace: Workspace, search: Search):
    content = yaml.safe_load((workspace.folder / "best.yaml").read_text())

    assert content == {"training": search.best.values}


def test_file_that_could_not_be_written_is_refused_before_the_search(workspace: Workspace):
    answer = workspace.tfx_mnist("tune", *workspace.arguments(), "--output=nowhere/best.yaml")

    assert answer.returncode == 2
    assert "expected a file in a folder that is there, received nowhere/best.yaml" in answer.stderr


def test_file_of_the_configuration_is_not_overwritten(workspace: Workspace):
    file = workspace.folder / "own.yaml"
    file.write_text("tuning: {trials: 2}\n")

    answer = workspace.tfx_mnist("tune", "--config=own.yaml", "--output=./own.yaml")

    assert answer.returncode == 2
    assert "--output: expected another file than that of --config" in answer.stderr
    assert file.read_text() == "tuning: {trials: 2}\n"


def test_command_that_it_names_trains_with_what_was_found(
    workspace: Workspace, tuned: str, search: Search
):
    _, _, *options = shlex.split(tuned.partition("To train with them: ")[2].splitlines()[0])
    answer = workspace.tfx_mnist("config", "--yaml", *options)

    assert answer.returncode == 0, answer.stderr
    training = yaml.safe_load(answer.stdout)["training"]
    assert {name: training[name] for name in search.best.values} == search.best.values
    assert training["epochs"] == 2


def test_run_after_it_takes_the_search_from_the_cache_and_trains_with_what_it_found(
    pushed: Run, workspace: Workspace, search: Search
):
    assert pushed.states["Tuner"] == "cached"
    [record] = workspace.root.glob("Trainer/model_run/*/training.json")
    content = json.loads(record.read_text())
    best = search.best.values
    assert set(content["tuned"]) == set(best)
    assert {name: content["hyperparameters"][name] for name in best} == best
    assert content["hyperparameters"]["epochs"] == 2


def test_pushed_version_says_what_was_tuned(pushed: Run, workspace: Workspace, search: Search):
    answer = workspace.tfx_mnist("models", "--json", *workspace.arguments())
    [version] = json.loads(answer.stdout)
    assert str(version["version"]) == pushed.outcome["pushed_version"]
    assert version["tuned"] == search.best.values


def test_lineage_leads_from_the_version_to_the_search(pushed: Run, workspace: Workspace):
    version = pushed.outcome["pushed_version"]
    answer = workspace.tfx_mnist("lineage", version, *workspace.arguments())
    assert re.search(r"hyperparameters \d+  Tuner in run", answer.stdout), answer.stdout


@pytest.mark.parametrize("of", ["the search alone", "a whole run"])
def test_report_and_runs_show_the_trials_side_by_side(
    workspace: Workspace, pushed: Run, search: Search, of: str
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
    for trial in search.trials:
        assert f"{trial.score:.4f}" in shown
        assert f"{trial.score:.4f}" in page
    assert ("chosen by Tuner" in page) == (of == "a whole run")


@pytest.mark.usefixtures("pushed")
def test_same_search_again_comes_from_the_cache_and_says_what_to_put_where(
    workspace: Workspace, search: Search
):
    answer = workspace.tfx_mnist("tune", *workspace.arguments(*SETTINGS))

    assert answer.returncode == 0, answer.stderr
    assert "Tuner: cached" in answer.stdout
    if search.best.number == 1:
        assert "No trial was better than the present values" in answer.stdout
    else:
        kept = answer.stdout.partition("without a search, put into the configuration:\n")[2]
        assert yaml.safe_load(kept.partition("report:")[0]) == {"training": search.best.values}


@pytest.mark.usefixtures("pushed")
def test_search_of_another_space_trains_anew(workspace: Workspace):
    changed = workspace.arguments(*SETTINGS, "tuning.space.filters.high=4", "tuning.trials=1")
    answer = workspace.tfx_mnist("tune", *changed)

    assert answer.returncode == 0, answer.stderr
    assert "Tuner: complete" in answer.stdout
    assert "No trial was better than the present values: nothing is to be changed." in answer.stdout


def test_search_that_was_killed_goes_on_to_the_same_table(
    make_workspace: Callable[..., Workspace], search: Search
):
    workspace = make_workspace(num_train=1000, num_test=200)
    arguments = ("tune", *workspace.arguments(*SETTINGS))
    kept = workspace.root / "Tuner" / "backup"
    for number in (1, 2):
        process = workspace.start(*arguments)
        # A search that ends before it is looked at is killed too late, which changes nothing.
        wait_until(
            lambda of=f"*/trial-{number:04d}.json": list_searches(workspace) or list(kept.glob(of)),
            f"trial {number} to end",
        )
        process.send(signal.SIGKILL)
        process.wait()
    answer = workspace.tfx_mnist(*arguments)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert read_search(workspace).results == search.results
    assert list(kept.iterdir()) == []
