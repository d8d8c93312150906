"""Names a run (standard library only)."""

import datetime as dt


def new_run_id() -> str:
    """Returns a run's id: the time, so that ids sort as runs do."""
    return dt.datetime.now(tz=dt.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
