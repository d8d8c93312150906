"""What a report says of the evaluation."""

from components.evaluation.checks import Check
from components.run_report.content.part import Part


class Bucket(Part):
    """Predictions of about the same confidence.

    Attributes:
      confidence: Mean of the highest probability.
      accuracy: Share of them that are right.
      rows: How many there are.
    """

    confidence: float
    accuracy: float
    rows: int


class Misread(Part):
    """An example whose class the model got wrong.

    Attributes:
      row: Its number in the split, from 0.
      label: What it is.
      answer: What the model took it for.
      probability: How sure the model was of that.
      probability_of_label: How likely it thought the truth to be.
      picture: PNG file in base64.
    """

    row: int
    label: str
    answer: str
    probability: float
    probability_of_label: float
    picture: str


class Predictions(Part):
    """What the model answered on a split.

    Attributes:
      split: The split.
      classes: The classes, in their order.
      confusion: Rows by label, then by answer.
      reliability: From the least confident predictions to the most confident ones.
      misread: The worst first; not more than a report can show.
    """

    split: str
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[Bucket, ...]
    misread: tuple[Misread, ...]

    @property
    def num_rows(self) -> int:
        """How many examples the split has."""
        return sum(map(sum, self.confusion))

    @property
    def num_misread(self) -> int:
        """How many examples the model got wrong, shown or not."""
        return self.num_rows - sum(row[label] for label, row in enumerate(self.confusion))


class Evaluation(Part):
    """How good a model is.

    Attributes:
      metrics: Over all rows of the split, by name.
      baseline_metrics: Those of the last blessed model on the same rows; empty if there was none.
      checks: Every bound, and what was held against it.
    """

    metrics: dict[str, float]
    baseline_metrics: dict[str, float]
    checks: tuple[Check, ...]
