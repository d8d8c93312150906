"""Who accepts which new data, and what stands of it on the accepted statistics (no TensorFlow)."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

ACCEPTED_STATISTICS_KEY: Final = "accepted_statistics"
"""The output of the gate, and of whatever finds an earlier one for it to compare with."""

NOBODY: Final = "nobody"
"""What stands for no acceptance; forms of orchestrators cannot be sent with an empty text."""

DATA_PATTERN: Final = "[0-9a-f]{12}"
"""What AnomalyGate calls the data that it refuses."""

# Spelt out: what \w stands for is not the same in Python and in what checks a configuration.
_NAME_SIGN = "[A-Za-z0-9_.-]"
ACCEPTANCE_PATTERN: Final = f"^({NOBODY}|{_NAME_SIGN}+@{DATA_PATTERN})$"
"""NAME@DATA: who accepts, and the name of the data that AnomalyGate has refused."""

ACCEPTED_BY_PROPERTY: Final = "accepted_by"
"""Custom property: who accepted data that had drifted; not there if they had not."""

_ACCEPTED_AT_PROPERTY: Final = "accepted_at"
_ACCEPTED_DRIFT_PROPERTY: Final = "accepted_drift"


@dataclass(frozen=True)
class AcceptedDrift:
    """What somebody accepted.

    Attributes:
      name: Who.
      time: When, in UTC and ISO 8601.
      drift: What had drifted, a sentence each.
    """

    name: str
    time: str
    drift: tuple[str, ...]


def make_acceptance(name: str, data: str) -> str:
    """Returns the text by which a run accepts data; signs that it cannot hold become "_"."""
    plain = "".join(sign if re.fullmatch(_NAME_SIGN, sign) else "_" for sign in name) or "_"
    return f"{plain}@{data}"


def find_acceptor(acceptance: str, data: str) -> str:
    """Returns who accepts these data, "" if nobody does: an acceptance is for one data set.

    Args:
      acceptance: As `make_acceptance` makes it, or "nobody".
      data: Name of the data; "" for data that have none, which nobody can accept.
    """
    name, _, accepted = acceptance.partition("@")
    return name if data and accepted == data else ""


def note_accepted_drift(name: str, time: str, drift: Sequence[str]) -> dict[str, str]:
    """Returns the custom properties that tell what was accepted, by whom and when."""
    return {
        ACCEPTED_BY_PROPERTY: name,
        _ACCEPTED_AT_PROPERTY: time,
        _ACCEPTED_DRIFT_PROPERTY: json.dumps(list(drift)),
    }


def read_accepted_drift(properties: Mapping[str, str]) -> AcceptedDrift | None:
    """Returns what the custom properties of accepted statistics tell; None if nothing drifted."""
    if not properties.get(ACCEPTED_BY_PROPERTY):
        return None
    return AcceptedDrift(
        properties[ACCEPTED_BY_PROPERTY],
        properties[_ACCEPTED_AT_PROPERTY],
        tuple(json.loads(properties[_ACCEPTED_DRIFT_PROPERTY])),
    )
