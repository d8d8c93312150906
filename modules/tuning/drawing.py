"""Draws the values of trials from a search space, with keras-tuner."""

from collections.abc import Mapping
from typing import Any

import keras_tuner  # type: ignore[import-untyped]

from modules.tuning.settings import Filters, Searched, SearchSpace, Tuning
from modules.tuning.trials import Value

OBJECTIVE = keras_tuner.Objective("val_accuracy", "max")


def make_oracle(tuning: Tuning, first: Mapping[str, Value]) -> keras_tuner.Oracle:
    """Returns what draws values, the same from the same seed, and keeps the scores.

    Args:
      tuning: The search.
      first: What the first trial tries: the values that are in use, for a comparison.
    """
    return _Oracle(
        first,
        objective=OBJECTIVE,
        max_trials=tuning.trials,
        seed=tuning.seed,
        hyperparameters=_declare(tuning.space, tuning.searched),
        # One that diverges has cost a few steps: others may still be better than what is in use.
        max_consecutive_failed_trials=tuning.trials + 1,
        tune_new_entries=False,
        allow_new_entries=False,
    )


class _Oracle(keras_tuner.oracles.RandomSearchOracle):
    def __init__(self, first: Mapping[str, Value], **options: Any) -> None:
        super().__init__(**options)
        self._first = dict(first)
        self.verbose = 0

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Draws the values of one trial."""
        if not self.trials:
            return {"status": "RUNNING", "values": dict(self._first)}
        drawn: dict[str, Any] = super().populate_space(trial_id)
        return drawn


def _declare(space: SearchSpace, searched: tuple[Searched, ...]) -> keras_tuner.HyperParameters:
    declared = keras_tuner.HyperParameters()
    for name in searched:
        if name == "augment":
            declared.Boolean(name)
            continue
        values = getattr(space, name)
        bounds = {"min_value": values.low, "max_value": values.high, "sampling": values.scale}
        if isinstance(values, Filters):
            declared.Int(name, **bounds, step=2 if values.scale == "log" else 1)
        else:
            declared.Float(name, **bounds)
    return declared
