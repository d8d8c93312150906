"""The accuracy on rows of the train files that were held out: its bound, and how it is kept.

The split that is held out for validation is a random part of the train files, the test split is of
files of its own, and the model was trained on neither. If both are equally hard to read, and it
agrees less with the labels of the former, then labels of the train files are wrong.
"""

from typing import Final

from pydantic import BaseModel, ConfigDict
from scipy.stats import betabinom
from tfx.dsl.io import fileio

from components.evaluation.checks import ACCURACY, Check, name_split

_FILE: Final = "held_out.json"
_CHANCE: Final = 0.00135
"""Of so few models with labels that are right the accuracy is lower by chance: three sigma."""

_MEANING: Final = (
    "on rows that it was not trained on, the model agrees less with the labels of the train files "
    "than with those of the test files; unless the test files are easier, some of the former are "
    "wrong"
)


class HeldOutAccuracy(BaseModel):
    """The accuracy of a model on the split that it was validated on.

    Attributes:
      split: Name of the split.
      accuracy: As the Trainer measured it.
      rows: How many rows that is of.
      bound: The least that it must be.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")

    split: str
    accuracy: float
    rows: int
    bound: float

    @property
    def passed(self) -> bool:
        """Whether the bound is reached."""
        return self.accuracy >= self.bound

    def as_check(self) -> Check:
        """Returns it as one of the checks of an evaluation."""
        return Check(
            metric=ACCURACY,
            slice=name_split(self.split),
            value=self.accuracy,
            bound=self.bound,
            passed=self.passed,
            rows=self.rows,
            meaning="" if self.passed else _MEANING,
        )


def least_accuracy(rows: int, *, test_accuracy: float, test_rows: int, max_gap: float) -> float:
    """Returns what a model reaches on so many rows whose labels are as right as the test split's.

    That is the prediction from the test rows that the model gets right (a beta-binomial
    distribution; any accuracy was as likely before), which small splits leave wide.

    Args:
      rows: How many are held out.
      test_accuracy: Share of the test rows that the model gets right.
      test_rows: How many these are.
      max_gap: How much less is harmless, beyond what chance explains.
    """
    right = round(test_accuracy * test_rows)
    by_chance = betabinom.ppf(_CHANCE, rows, right + 1, test_rows - right + 1) / rows
    return max(0.0, float(by_chance - max_gap))


def write_held_out(evaluation_uri: str, held_out: HeldOutAccuracy) -> None:
    """Keeps it among the files of an `evaluation` artifact."""
    with fileio.open(f"{evaluation_uri}/{_FILE}", "w") as file:
        file.write(held_out.model_dump_json())


def read_held_out(evaluation_uri: str) -> HeldOutAccuracy | None:
    """Returns what `write_held_out` kept; None if that was not asked for."""
    path = f"{evaluation_uri}/{_FILE}"
    if not fileio.exists(path):
        return None
    with fileio.open(path) as file:
        return HeldOutAccuracy.model_validate_json(file.read())
