"""tuner_fn on a few hundred real images: what is tried, how it goes on and how it fails."""

import logging
from pathlib import Path

import keras_tuner
import pytest
import tensorflow as tf

from modules.preprocessing import preprocessing_fn
from modules.training import progress as training_progress
from modules.training.progress import progress_of
from modules.tuner import tuner_fn
from modules.tuning.trials import Search, Trial
from support.trainings import Inputs, write_transform_graph
from support.tuning.searches import SmallSearch


def table_of(search: Search) -> list[object]:
    return [(trial.number, trial.values, trial.history, trial.fault) for trial in search.trials]


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
    class BrokenOffError(Exception):
        pass

    class Breaker(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told = progress_of(record)
            if told and told.trial == 2:
                raise BrokenOffError("while trial 2 trained")

    breaker = Breaker()
    training_progress.logger.addHandler(breaker)
    level = training_progress.logger.level
    training_progress.logger.setLevel(logging.DEBUG)
    backup = tmp_path / "backup"
    try:
        with pytest.raises(keras_tuner.errors.FatalRuntimeError, match="while trial 2 trained"):
            SmallSearch(training_inputs, tmp_path / "first", backup=backup).run()
    finally:
        training_progress.logger.removeHandler(breaker)
        training_progress.logger.setLevel(level)
    [kept] = backup.glob("*/trial-0001.json")
    before = kept.stat().st_mtime_ns

    again = SmallSearch(training_inputs, tmp_path / "second", backup=backup).run()

    assert table_of(again) == table_of(searched)
    assert kept.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "changed",
    [{"seed": 2}, {"space": {"filters": {"low": 1, "high": 2}}}, {"epochs": 2}],
    ids=["seed", "space", "epochs"],
)
def test_search_of_another_kind_takes_no_trials_from_this_one(
    training_inputs: Inputs, tmp_path: Path, changed: dict[str, object]
):
    backup = tmp_path / "backup"
    SmallSearch(training_inputs, tmp_path / "one", backup=backup, trials=1).run()
    SmallSearch(training_inputs, tmp_path / "two", backup=backup, trials=1, **changed).run()
    assert len(list(backup.glob("*/trial-0001.json"))) == 2


def test_trial_that_has_diverged_is_no_end_of_the_search(
    training_inputs: Inputs, tmp_path: Path, searched: Search
):
    backup = tmp_path / "backup"
    SmallSearch(training_inputs, tmp_path / "one", backup=backup, trials=1).run()
    [kept] = backup.glob("*/trial-0001.json")
    diverged = Trial.model_validate_json(kept.read_text()).model_copy(
        update={"history": (), "fault": "expected a finite loss, received nan"}
    )
    kept.write_text(diverged.model_dump_json())

    found = SmallSearch(training_inputs, tmp_path / "two", backup=backup).run()

    assert found.trials[0] == diverged
    assert table_of(found)[1:] == table_of(searched)[1:]
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
        match=r"all 4 trials have diverged; the first: Epoch 1/1, step 20/\d+: expected a finite",
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

    assert table_of(again) == table_of(searched)[:1]


def test_trials_share_one_reading_of_the_data(training_inputs: Inputs, tmp_path: Path):
    search = SmallSearch(training_inputs, tmp_path)
    made = tuner_fn(search.arguments)
    # What has been read is in memory: a search that read again would find nothing.
    search.arguments.train_files[:] = [str(tmp_path / "gone")]
    search.arguments.eval_files[:] = [str(tmp_path / "gone")]
    made.tuner.search()
    assert len(list(search.results.iterdir())) == 1
