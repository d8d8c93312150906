"""tuner_fn on a few hundred real images: what is tried, how it goes on and how it fails."""

import logging
import shutil
from pathlib import Path

import keras_tuner
import pytest
import tensorflow as tf

from modules.preprocessing import preprocessing_fn
from modules.training import progress as training_progress
from modules.training.progress import progress_of
from modules.tuner import tuner_fn
from modules.tuning.trials import Search
from support.trainings import Inputs, write_transform_graph
from support.tuning.searches import SmallSearch


class RaiseInTrial(logging.Handler):
    """Ends a trial by an error, at its first step that is told."""

    def __init__(self, number: int, error: Exception) -> None:
        super().__init__()
        self.number = number
        self.error = error

    def emit(self, record: logging.LogRecord) -> None:
        told = progress_of(record)
        if told and told.trial == self.number:
            raise self.error

    def __enter__(self) -> None:
        self.level_before = training_progress.logger.level
        training_progress.logger.setLevel(logging.DEBUG)
        training_progress.logger.addHandler(self)

    def __exit__(self, *_: object) -> None:
        training_progress.logger.removeHandler(self)
        training_progress.logger.setLevel(self.level_before)


@pytest.fixture(scope="module")
def searched(training_inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Search:
    return SmallSearch(training_inputs, tmp_path_factory.mktemp("searched")).run()


def test_each_trial_has_values_epochs_and_a_score(searched: Search):
    assert [trial.number for trial in searched.trials] == [1, 2, 3]
    assert all(len(trial.history) == 1 for trial in searched.trials)
    assert all(trial.score is not None and 0 < trial.score < 1 for trial in searched.trials)
    assert all(trial.cpu_seconds > 0 for trial in searched.trials)


def test_first_trial_has_the_values_in_use(searched: Search):
    assert searched.trials[0].values == {
        name: searched.hyperparameters[name] for name in searched.tuning["searched"]
    }


def test_search_says_what_it_was_of(searched: Search):
    assert searched.hyperparameters["epochs"] == 1
    assert searched.tuning["trials"] == 3
    assert searched.eval_rows > 0


def test_search_that_was_broken_off_goes_on_to_the_same_table(
    training_inputs: Inputs, tmp_path: Path, searched: Search
):
    backup = tmp_path / "backup"
    with (
        RaiseInTrial(2, OSError("the disk has gone")),
        pytest.raises(keras_tuner.errors.FatalRuntimeError, match="the disk has gone"),
    ):
        SmallSearch(training_inputs, tmp_path / "first", backup=backup).run()
    [kept] = backup.glob("*/trial-0001.json")
    before = kept.stat().st_mtime_ns

    again = SmallSearch(training_inputs, tmp_path / "second", backup=backup).run()

    assert again.results == searched.results
    assert kept.stat().st_mtime_ns == before


@pytest.mark.parametrize("number", [1, 2])
def test_trial_that_cannot_be_kept_ends_the_search(
    training_inputs: Inputs, tmp_path: Path, number: int
):
    """keras-tuner would leave it out, and choose from the others."""
    search = SmallSearch(training_inputs, tmp_path / "search", trials=1)
    search.run()
    [folder] = search.backup.iterdir()
    (folder / "trial-0001.json").unlink()
    (folder / f"trial-{number:04d}.json.partial").mkdir()

    with pytest.raises(keras_tuner.errors.FatalRuntimeError, match=f"trial-{number:04d}"):
        SmallSearch(training_inputs, tmp_path / "again", backup=search.backup).run()


CHANGES = {
    "seed": {"tuning": {"seed": 2}},
    "space": {"tuning": {"space": {"filters": {"low": 1, "high": 2}}}},
    "epochs": {"tuning": {"epochs": 2}},
    "what is not searched": {"hyperparameters": {"batch_size_per_replica": 32}},
    "code": {"code_digest": "of other code"},
}


@pytest.mark.parametrize("changed", CHANGES)
def test_search_of_another_kind_takes_no_trials_from_this_one(
    training_inputs: Inputs, tmp_path: Path, changed: str
):
    backup = tmp_path / "backup"
    SmallSearch(training_inputs, tmp_path / "one", backup=backup, trials=1).run()
    other = SmallSearch(training_inputs, tmp_path / "two", backup=backup, trials=1)
    for section, values in CHANGES[changed].items():
        other.change(section, values)

    other.run()

    assert len(list(backup.glob("*/trial-0001.json"))) == 2


def test_search_on_other_data_takes_no_trials_from_this_one(
    training_inputs: Inputs, tmp_path: Path
):
    other_inputs = training_inputs._replace(examples=tmp_path / "other examples")
    shutil.copytree(training_inputs.examples, other_inputs.examples)
    backup = tmp_path / "backup"

    SmallSearch(training_inputs, tmp_path / "one", backup=backup, trials=1).run()
    SmallSearch(other_inputs, tmp_path / "two", backup=backup, trials=1).run()

    assert len(list(backup.glob("*/trial-0001.json"))) == 2


def test_trial_that_diverges_has_no_result_and_leaves_the_others_as_they_are(
    training_inputs: Inputs, tmp_path: Path, searched: Search
):
    with RaiseInTrial(1, FloatingPointError("expected a finite loss, received nan")):
        found = SmallSearch(training_inputs, tmp_path).run()

    diverged = found.trials[0]
    assert (diverged.score, diverged.fault) == (None, "expected a finite loss, received nan")
    assert diverged.values == searched.trials[0].values
    assert found.results[1:] == searched.results[1:]
    assert found.ranking[-1] == diverged


def test_search_of_which_all_trials_diverge_fails_and_says_why(
    training_inputs: Inputs, tmp_path: Path
):
    def divide_by_zero(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        transformed = preprocessing_fn(inputs)
        return {**transformed, "image_xf": transformed["image_xf"] / 0.0}

    broken = write_transform_graph(divide_by_zero, tmp_path / "transform_graph")
    search = SmallSearch(
        training_inputs._replace(transform_graph=broken), tmp_path / "search", trials=4
    )

    with pytest.raises(
        FloatingPointError,
        match=r"all 4 trials have diverged. Lower .* Epoch 1/1, step 20/\d+: expected a finite",
    ):
        search.run()

    assert not search.results.exists()


def test_record_that_a_loss_of_power_has_cut_is_no_record(
    training_inputs: Inputs, tmp_path: Path, searched: Search
):
    backup = tmp_path / "backup"
    SmallSearch(training_inputs, tmp_path / "one", backup=backup, trials=1).run()
    [kept] = backup.glob("*/trial-0001.json")
    kept.write_bytes(kept.read_bytes()[:50])

    again = SmallSearch(training_inputs, tmp_path / "two", backup=backup, trials=1).run()

    assert again.results == searched.results[:1]


def test_trials_share_one_reading_of_the_data(training_inputs: Inputs, tmp_path: Path):
    search = SmallSearch(training_inputs, tmp_path)
    made = tuner_fn(search.arguments)
    # What has been read is in memory: a search that read again would find nothing.
    search.arguments.train_files[:] = [str(tmp_path / "gone")]
    search.arguments.eval_files[:] = [str(tmp_path / "gone")]
    made.tuner.search()
    assert len(list(search.results.iterdir())) == 1
