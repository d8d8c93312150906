"""The statistics that passed the gate: a copy that says what it is a copy of."""

from typing import Final

from tfx.types import Artifact
from tfx.utils import io_utils

SOURCE_STATISTICS_PROPERTY: Final = "source_statistics_id"
"""Custom property: the id in ML Metadata of the statistics that were accepted."""


def write_accepted_statistics(statistics: Artifact, accepted: Artifact) -> None:
    """Copies `statistics` with its splits and its span to the output artifact `accepted`."""
    io_utils.copy_dir(statistics.uri, accepted.uri)
    accepted.splits = statistics.splits
    accepted.span = statistics.span
    accepted.set_int_custom_property(SOURCE_STATISTICS_PROPERTY, statistics.id)
