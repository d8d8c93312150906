"""The report as an artifact: its files, and what stands on it in ML Metadata (no TensorFlow)."""

from typing import Final

REPORT_KEY: Final = "report"
"""The output of RunReport."""

PREVIOUS_STATISTICS_KEY: Final = "previous_statistics"
"""The input that is not always there: the last statistics that were accepted of other data."""

PAGE_FILE: Final = "report.html"
MEASUREMENTS_FILE: Final = "report.json"

ACCURACY_PROPERTY: Final = "accuracy"
"""Custom property: the model's accuracy on the test split."""

NUM_MISREAD_PROPERTY: Final = "num_misread"
"""Custom property: how many rows of the test split the model got wrong."""
