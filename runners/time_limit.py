"""Ends a try of a container that takes too long; a specification of KFP has no field for it."""

# From SIGTERM to SIGKILL: time to mark the execution as failed and remove what is half made.
_GRACE_SECONDS = 60


def limit_time(command: list[str], minutes: int | None) -> list[str]:
    """Returns `command` under coreutils' `timeout`; without `minutes` it may take any time."""
    seconds = (minutes or 0) * 60  # to timeout, 0 is no limit
    return ["timeout", f"--kill-after={_GRACE_SECONDS}", str(seconds), *command]
