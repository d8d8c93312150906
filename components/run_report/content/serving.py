"""What a report says of serving."""

from components.run_report.content.part import Part


class Tensor(Part):
    """An input or output of a signature.

    Attributes:
      name: Its name.
      dtype: Its type, as TensorFlow calls it.
      shape: Its sizes, such as "? x 28 x 28"; "" for one number, "any" where that is left open.
    """

    name: str
    dtype: str
    shape: str


class Signature(Part):
    """One of a model's functions."""

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


class Serving(Part):
    """How a model answers.

    Attributes:
      signatures: Its functions.
      latencies_ms: Percentiles of the time of one request of one image, by name such as "p99";
        empty if nothing was measured.
      max_p99_latency_ms: The most that p99 may be.
      reasons: Why it cannot be served, a sentence each.
    """

    signatures: tuple[Signature, ...]
    latencies_ms: dict[str, float]
    max_p99_latency_ms: float
    reasons: tuple[str, ...]
