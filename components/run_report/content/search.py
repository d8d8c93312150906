"""What a report says of a search for hyperparameters."""

from components.run_report.content.part import Part


class TrialResult(Part):
    """What came of one set of values.

    Attributes:
      number: From 1, in the order in which they were tried; the first has the values that were in
        use.
      values: By the name of the hyperparameter.
      score: The accuracy on the split eval at the best epoch; None if the training diverged.
      epochs: How many it was trained for.
      cpu_seconds: What it took.
      val_curve: The accuracy on the split eval, by epoch.
    """

    number: int
    values: dict[str, bool | int | float]
    score: float | None
    epochs: int
    cpu_seconds: float
    val_curve: tuple[float, ...] = ()


class Search(Part):
    """A search, and which of its trials was the best.

    Attributes:
      trials: The best first.
      eval_rows: How many rows the scores are of.
    """

    trials: tuple[TrialResult, ...]
    eval_rows: int
