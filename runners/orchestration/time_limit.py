"""Ends a try of a task that takes too long: coreutils' `timeout` in front of its command."""

# From SIGTERM to SIGKILL: time to mark the execution as failed and remove what is half made.
GRACE_SECONDS = 60

# The report of a run gives up so long before its task is stopped, which would be a failure.
REPORT_MARGIN_SECONDS = 30


def limit_time(command: list[str], minutes: int | None) -> list[str]:
    """Returns the command of a container with a time limit; without `minutes` it has none.

    In the foreground `timeout` stays in the process group that it was started in: Argo signals that
    of KFP's launcher, and the node would not hear of it. It then ends its own child only, but what
    that one leaves behind ends with the container.
    """
    seconds = (minutes or 0) * 60  # to timeout, 0 is no limit
    return ["timeout", "--foreground", f"--kill-after={GRACE_SECONDS}", str(seconds), *command]
