"""What came of a search, and of each of its trials (no TensorFlow)."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from modules.training.history import SELECTED_BY, EpochRow, find_best

SEARCH_FILE: Final = "search.json"
"""What a search that has ended writes beside TFX's own results."""

Value = bool | int | float
"""The value of a hyperparameter."""


class Trial(BaseModel):
    """One set of values, and how a training with it went.

    Attributes:
      number: From 1, in the order in which they were drawn.
      values: The searched hyperparameters.
      history: Its epochs; none if it diverged in the first.
      cpu_seconds: What it took of this machine.
      fault: Why it has no result, "" if it has one.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    values: dict[str, Value]
    history: tuple[EpochRow, ...] = ()
    cpu_seconds: float = 0.0
    fault: str = ""

    @property
    def score(self) -> float | None:
        """The accuracy on the validation split at the best epoch; None if it has no result."""
        if self.fault or not self.history:
            return None
        return find_best(self.history)[SELECTED_BY]


class Search(BaseModel):
    """A search that has ended.

    Attributes:
      tuning: What was to be tried.
      hyperparameters: The training, as it was without the values of a trial; plain values.
      eval_rows: How many rows the scores are of.
      trials: In the order in which they were drawn.
    """

    model_config = ConfigDict(frozen=True)

    tuning: dict[str, Any]
    hyperparameters: dict[str, Any]
    eval_rows: int
    trials: tuple[Trial, ...]

    @property
    def results(self) -> tuple[Trial, ...]:
        """The trials without what they took of a machine: the same for the same search."""
        return tuple(trial.model_copy(update={"cpu_seconds": 0.0}) for trial in self.trials)

    @property
    def ranking(self) -> tuple[Trial, ...]:
        """The trials, the best first, of equals the first; at the end those without a result."""
        return tuple(
            sorted(
                self.trials,
                key=lambda trial: (trial.score is None, -(trial.score or 0.0), trial.number),
            )
        )

    @property
    def best(self) -> Trial:
        """The trial whose values are chosen."""
        return self.ranking[0]
