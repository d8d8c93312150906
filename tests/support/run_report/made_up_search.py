"""A search for hyperparameters as a report holds it, with figures that were made up."""

from components.run_report.content.search import Search, TrialResult


def make_search(*scores: float | None) -> Search:
    """Returns a search of which the trials are given best first; None is one that diverged."""
    trials = tuple(
        TrialResult(
            number=number,
            values={
                "learning_rate": 0.0051234 * number,
                "filters": 8 * number,
                "dropout": 0.056488 * number,
                "label_smoothing": 0.047211 * number,
                "augment": number == 1,
            },
            score=score,
            epochs=2,
            cpu_seconds=20.0,
            val_curve=() if score is None else (score - 0.01, score),
        )
        for number, score in enumerate(scores, start=1)
    )
    return Search(trials=trials, eval_rows=5000)
