"""What a report says of the data."""

from components.run_report.content.part import Part


class Histogram(Part):
    """A distribution in buckets.

    Attributes:
      name: Of what: a split, or the split that was accepted before.
      edges: Where buckets begin and end; one more than there are buckets.
      counts: Values in each bucket.
    """

    name: str
    edges: tuple[float, ...]
    counts: tuple[float, ...]


class Feature(Part):
    """How a number is distributed.

    Attributes:
      name: The feature.
      histograms: One for each split, and one for what was accepted before if there is any.
    """

    name: str
    histograms: tuple[Histogram, ...]


class Distance(Part):
    """How far two distributions are from each other, and how far they may be.

    Attributes:
      where: The two.
      feature: Of what.
      measure: How it was measured.
      value: The distance.
      threshold: What the contract says.
      by_chance: What so few rows may show without any difference; 0 if nothing is known.
    """

    where: str
    feature: str
    measure: str
    value: float
    threshold: float
    by_chance: float = 0.0


class Anomaly(Part):
    """A place where the data do not keep the contract."""

    where: str
    feature: str
    found: str
    description: str


class Split(Part):
    """A split.

    Attributes:
      name: Its name.
      rows: How many examples it has.
      classes: How many of each class that any split has; empty if that is not known.
      shared_rows: How many have an image that is trained on; None if that is not known.
    """

    name: str
    rows: int
    classes: dict[str, int]
    shared_rows: int | None = None


class Samples(Part):
    """Examples of one class.

    Attributes:
      label: The class.
      pictures: PNG files in base64.
    """

    label: str
    pictures: tuple[str, ...]


class Data(Part):
    """What a model was made from.

    Attributes:
      splits: Of the examples.
      features: Numbers of which distributions are known.
      distances: All that were measured, whether or not they are over their threshold.
      anomalies: All that were found, in any split.
      samples: Some examples of each class, of the split that is trained on.
      contract: The data contract, as text.
      no_comparison: Why they are compared with no data before, or "".
    """

    splits: tuple[Split, ...]
    features: tuple[Feature, ...] = ()
    distances: tuple[Distance, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    samples: tuple[Samples, ...] = ()
    contract: str = ""
    no_comparison: str = ""
