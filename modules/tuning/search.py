"""Tries one set of hyperparameters after the other, each by a whole training."""

import gc
import time
from collections.abc import Mapping
from dataclasses import dataclass

import keras
import keras_tuner  # type: ignore[import-untyped]

from modules.data_spec import DataSpec
from modules.distribution.distribution import Distribution
from modules.examples import Splits
from modules.hyperparameters import Hyperparameters
from modules.training.callbacks import FiniteLoss, HistoryFile, ProgressReport
from modules.training.fitting import fit_model
from modules.training.freed_memory import KeepFreedMemory
from modules.tuning.drawing import OBJECTIVE, make_oracle
from modules.tuning.progress import report_trial
from modules.tuning.settings import Tuning
from modules.tuning.trial_folder import TrialFolder, write_search
from modules.tuning.trials import Search, Trial, Value


@dataclass(frozen=True, kw_only=True)
class SearchJob:
    """What a search tries, and on what.

    Attributes:
      tuning: What is to be tried.
      hyperparameters: The training, whose other values stay.
      data: What the images and classes are.
      distribution: The devices to train on.
      splits: To train on, and to choose by.
    """

    tuning: Tuning
    hyperparameters: Hyperparameters
    data: DataSpec
    distribution: Distribution
    splits: Splits


class TrialTuner(keras_tuner.engine.base_tuner.BaseTuner):
    """keras-tuner's search, whose trials are trained as the Trainer trains.

    A search that was killed begins anew with the same seed, so that the same values are drawn, and
    takes what came of them from the folder of trials. keras-tuner's own state is not used: a kill
    while it is written would leave half a file.
    """

    def __init__(
        self, job: SearchJob, trials: TrialFolder, *, results_dir: str, scratch_dir: str
    ) -> None:
        """Makes a search.

        Args:
          job: What is to be tried, and on what.
          trials: Where trials are kept that have ended.
          results_dir: The search is written there when it has ended.
          scratch_dir: For what keras-tuner writes, and nobody reads.
        """
        first = {str(name): getattr(job.hyperparameters, name) for name in job.tuning.searched}
        super().__init__(
            make_oracle(job.tuning, first),
            directory=scratch_dir,
            project_name="search",
            overwrite=True,
        )
        self._job = job
        self._trials = trials
        self._results_dir = results_dir
        self._ended: list[Trial] = []

    def run_trial(self, trial: keras_tuner.engine.trial.Trial) -> dict[str, float]:
        """Returns the accuracy on the validation split at the best epoch of a training.

        Raises:
          FailedTrialError: The training diverged; the search goes on.
          FatalRuntimeError: It failed otherwise, or could not be kept, and with it the search.
        """
        number, values = len(self._ended) + 1, dict(trial.hyperparameters.values)
        try:
            ended = self._trials.find(number, values)
            if ended is None:
                ended = self._train(number, values)
                self._trials.write(ended)
        # keras-tuner would leave out this trial, and go on after whatever has happened.
        except Exception as error:
            raise keras_tuner.errors.FatalRuntimeError(str(error)) from error
        self._ended.append(ended)
        report_trial(ended, self._job.tuning.trials)
        if ended.score is None:
            raise keras_tuner.errors.FailedTrialError(ended.fault)
        return {OBJECTIVE.name: ended.score}

    def on_search_end(self) -> None:
        """Writes what came of the search.

        Raises:
          FloatingPointError: No training has ended well.
        """
        if all(trial.score is None for trial in self._ended):
            raise FloatingPointError(
                f"all {len(self._ended)} trials have diverged. Lower the learning rates of the "
                "search (tuning.space.learning_rate.high) and of the training, which the first "
                f"trial has. In the first trial: {self._ended[0].fault}"
            )
        write_search(
            self._results_dir,
            Search(
                tuning=self._job.tuning.model_dump(),
                hyperparameters=self._job.hyperparameters.model_dump(),
                eval_rows=self._job.splits.eval.num_rows,
                trials=tuple(self._ended),
            ),
        )

    def forget(self) -> None:
        """Removes the trials that were kept for another try."""
        self._trials.delete()

    def _train(self, number: int, values: Mapping[str, Value]) -> Trial:
        hyperparameters = self._job.hyperparameters.with_values(values)
        history = HistoryFile([])
        started = time.process_time()
        fault = ""
        try:
            fit_model(
                self._job.distribution,
                hyperparameters,
                self._job.data,
                self._job.splits,
                callbacks=[
                    FiniteLoss(),
                    KeepFreedMemory(),
                    history,
                    ProgressReport(trial=number, trials=self._job.tuning.trials),
                ],
            )
        except FloatingPointError as error:
            fault = str(error)
        finally:
            keras.backend.clear_session()
            gc.collect()
        return Trial(
            number=number,
            values=dict(values),
            history=tuple(history.rows),
            cpu_seconds=round(time.process_time() - started, 1),
            fault=fault,
        )
