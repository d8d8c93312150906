"""The Tuner's executor on a few hundred real images: what it writes, prints and leaves."""

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tfx.proto import trainer_pb2
from tfx.types import artifact, channel, standard_artifacts
from tfx.types.standard_component_specs import BEST_HYPERPARAMETERS_KEY, TUNER_RESULTS_KEY

from components.tuner.component import Tuner
from components.tuner.executor import Executor
from components.tuner.results import read_best_values, read_search
from modules.tuning import progress as tuning_progress
from modules.tuning.progress import trial_of
from modules.tuning.settings import Tuning
from support.trainings import SMALL, Inputs

SETTINGS = {"trials": 2, "epochs": 1, "space": {"filters": {"low": 1, "high": 4}}}
Outputs = dict[str, list[artifact.Artifact]]


def at(made: artifact.Artifact, path: Path) -> artifact.Artifact:
    path.mkdir(parents=True, exist_ok=True)
    made.uri = str(path)
    return made


@pytest.fixture
def search(training_inputs: Inputs, tmp_path: Path) -> Callable[..., Outputs]:
    """Returns a function that runs the executor as TFX does, and returns what it has written."""

    def run(backup: Path = tmp_path / "backup") -> Outputs:
        examples = at(standard_artifacts.Examples(), training_inputs.examples)
        examples.splits = ["train", "eval"]
        graph = at(standard_artifacts.TransformGraph(), training_inputs.transform_graph)
        outputs: Outputs = {
            BEST_HYPERPARAMETERS_KEY: [at(standard_artifacts.HyperParameters(), tmp_path / "best")],
            TUNER_RESULTS_KEY: [at(standard_artifacts.TunerResults(), tmp_path / "results")],
        }
        component = Tuner(
            examples=_channel(examples),
            transform_graph=_channel(graph),
            tuner_fn="modules.tuner.tuner_fn",
            train_args=trainer_pb2.TrainArgs(splits=["train"]),
            eval_args=trainer_pb2.EvalArgs(splits=["eval"]),
            custom_config={
                "hyperparameters": {**SMALL, "augment": False},
                "tuning": Tuning.model_validate(SETTINGS).model_dump(),
                "backup_root": str(backup),
            },
        )
        context = Executor.Context(tmp_dir=str(tmp_path / "scratch"), unique_id="1")
        Executor(context).Do(
            {"examples": [examples], "transform_graph": [graph]},
            outputs,
            dict(component.exec_properties),
        )
        return outputs

    return run


def _channel(of: artifact.Artifact) -> channel.Channel:
    return channel.Channel(type=type(of)).set_artifacts([of])


def test_best_values_are_written_as_trainers_of_tfx_read_them(search: Callable[..., Outputs]):
    outputs = search()

    [best], [results] = outputs[BEST_HYPERPARAMETERS_KEY], outputs[TUNER_RESULTS_KEY]
    found = read_search(results.uri)
    assert found is not None
    assert read_best_values(best.uri) == found.best.values
    rows = json.loads((Path(results.uri) / "tuner_results.json").read_text())
    assert [row["score"] for row in rows] == [trial.score for trial in found.ranking]


def test_nothing_is_printed_and_nothing_kept_that_is_not_needed(
    search: Callable[..., Outputs], tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    search()

    assert capfd.readouterr().out == ""
    assert list((tmp_path / "backup").iterdir()) == []


def test_search_that_another_run_has_forgotten_ends_well(
    search: Callable[..., Outputs], tmp_path: Path
):
    backup = tmp_path / "backup"

    class Forgetting(logging.Handler):
        """Removes the trials when the last has ended, as the other run does at its end."""

        def emit(self, record: logging.LogRecord) -> None:
            told = trial_of(record)
            if told and told.number == SETTINGS["trials"]:
                [folder] = backup.iterdir()
                shutil.rmtree(folder)

    handler = Forgetting()
    tuning_progress.logger.addHandler(handler)
    tuning_progress.logger.setLevel(logging.INFO)
    try:
        outputs = search()
    finally:
        tuning_progress.logger.removeHandler(handler)
        tuning_progress.logger.setLevel(logging.NOTSET)

    assert read_search(outputs[TUNER_RESULTS_KEY][0].uri) is not None


def test_results_that_another_tuner_wrote_hold_no_search(tmp_path: Path):
    (tmp_path / "tuner_results.json").write_text("[]")

    assert read_search(str(tmp_path)) is None


def test_what_hyperband_adds_is_no_hyperparameter(tmp_path: Path):
    values: dict[str, Any] = {"learning_rate": 0.01, "tuner/epochs": 2, "tuner/bracket": 1}
    content = {"space": [], "values": values}
    (tmp_path / "best_hyperparameters.txt").write_text(json.dumps(content))

    assert read_best_values(str(tmp_path)) == {"learning_rate": 0.01}
