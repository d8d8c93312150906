"""The statistics that passed the gate: a copy that says what it is a copy of."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from tfx.types import Artifact
from tfx.utils import io_utils

ACCEPTED_STATISTICS_KEY: Final = "accepted_statistics"
"""The output of the gate, and of whatever finds an earlier one for it to compare with."""

SOURCE_STATISTICS_PROPERTY: Final = "source_statistics_id"
"""Custom property: the id in ML Metadata of the statistics that were accepted."""

ACCEPTED_BY_PROPERTY: Final = "accepted_by"
"""Custom property: who accepted them although they had drifted; not there if they had not."""

ACCEPTED_AT_PROPERTY: Final = "accepted_at"
"""Custom property: when that was, in UTC and ISO 8601."""

ACCEPTED_DRIFT_PROPERTY: Final = "accepted_drift"
"""Custom property: what was accepted, sentences in a JSON list."""


def write_accepted_statistics(statistics: Artifact, accepted: Artifact) -> None:
    """Copies `statistics` with its splits and its span to the output artifact `accepted`."""
    io_utils.copy_dir(statistics.uri, accepted.uri)
    accepted.splits = statistics.splits
    accepted.span = statistics.span
    accepted.set_int_custom_property(SOURCE_STATISTICS_PROPERTY, statistics.id)


def note_acceptance(accepted: Artifact, accepted_by: str, drift: Sequence[str]) -> None:
    """Notes on the output artifact who accepted what, and when."""
    accepted.set_string_custom_property(ACCEPTED_BY_PROPERTY, accepted_by)
    accepted.set_string_custom_property(
        ACCEPTED_AT_PROPERTY, datetime.now(UTC).isoformat(timespec="seconds")
    )
    accepted.set_string_custom_property(ACCEPTED_DRIFT_PROPERTY, json.dumps(drift))
