"""Reads what a search for hyperparameters has found."""

from components.run_report.content.search import Search, TrialResult
from components.tuner.results import read_search as read_results
from modules.training.history import SELECTED_BY


def read_search(folder: str) -> Search:
    """Returns a search.

    Args:
      folder: Of an artifact TunerResults.

    Raises:
      FileNotFoundError: It is of another tuner.
    """
    found = read_results(folder)
    if found is None:
        raise FileNotFoundError(f"{folder}: expected the trials of a search, received none")
    trials = tuple(
        TrialResult(
            number=trial.number,
            values=trial.values,
            score=trial.score,
            epochs=len(trial.history),
            cpu_seconds=trial.cpu_seconds,
            val_curve=tuple(row[SELECTED_BY] for row in trial.history),
        )
        for trial in found.ranking
    )
    return Search(trials=trials, eval_rows=found.eval_rows)
