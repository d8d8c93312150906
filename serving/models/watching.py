"""Looks for versions and at the configuration file, each at its own pace."""

import math
import threading
import time
from collections.abc import Callable


def watch(
    stopping: threading.Event,
    look: Callable[[bool], None],
    *,
    folder_seconds: float,
    file_seconds: float,
) -> None:
    """Looks again and again until it is told to stop; at once if there is nothing to look at.

    Args:
      stopping: Set when this is to return.
      look: Looks at the folders, and at the file too if its argument says so.
      folder_seconds: How often to look at the folders; 0 for never.
      file_seconds: How often to look at both; 0 for never.
    """
    folder_period, file_period = (
        seconds if seconds > 0 else math.inf for seconds in (folder_seconds, file_seconds)
    )
    next_folders, next_file = time.monotonic() + folder_period, time.monotonic() + file_period
    while (due := min(next_folders, next_file)) < math.inf:
        if stopping.wait(max(due - time.monotonic(), 0)):
            return
        is_file_due = next_file <= time.monotonic()
        look(is_file_due)
        next_folders = time.monotonic() + folder_period
        if is_file_due:
            next_file = time.monotonic() + file_period
