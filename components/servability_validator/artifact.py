"""What the blessing of ServabilityValidator says beside TFX's own properties (no TensorFlow)."""

from typing import Final

REASONS_PROPERTY: Final = "reasons"
"""Custom property: why a model cannot be served, JSON of a list of sentences."""

LATENCY_PERCENTILES: Final = (50, 90, 99)


def latency_property(percentile: int) -> str:
    """Returns the name of the custom property with a percentile of latency.

    It is the wall time of a request of one image, in milliseconds, in the measurement that decided.
    """
    return f"latency_ms_p{percentile}"
