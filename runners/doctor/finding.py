"""What the doctor says about one thing it looked at."""

import enum
from dataclasses import dataclass


class Severity(enum.StrEnum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"
    FIX = "fix"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's table.

    Attributes:
      subject: What was looked at.
      severity: OK, NOTE (works, but the reader will want to know), FIX (a run would fail).
      found: What there is.
      advice: What to do about it; empty where nothing need be done.
    """

    subject: str
    severity: Severity
    found: str
    advice: str = ""
