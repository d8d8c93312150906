"""Looks for versions and at the configuration file, each at its own pace."""

import math
import threading
import time
from collections.abc import Callable

_RETRY_SECONDS = 0.1


class Watcher:
    """Looks again and again, in a thread of whoever runs it."""

    def __init__(
        self,
        look: Callable[[bool], None],
        retry: Callable[[], bool],
        *,
        folder_seconds: float,
        file_seconds: float,
    ) -> None:
        """Makes a watcher that looks for the first time when it is run.

        Args:
          look: Looks at the folders, and then at the file if its argument says so.
          retry: Tries again what failed, if it is time; returns whether something is left to try.
          folder_seconds: How often to look at the folders; 0 or less for once only.
          file_seconds: How often to look at both; 0 or less for never.
        """
        self._look = look
        self._retry = retry
        self._folder_period, self._file_period = (
            seconds if seconds > 0 else math.inf for seconds in (folder_seconds, file_seconds)
        )
        self._wake_up = threading.Event()
        self._stopping = False
        self._num_begun = 0
        # How many looks have ended.
        self.num_looks = 0

    def run(self) -> None:
        """Looks until `stop` is called."""
        now = time.monotonic()
        next_folders, next_file = now, now + self._file_period
        while not self._stopping:
            if self._wake_up.is_set() or min(next_folders, next_file) <= time.monotonic():
                self._wake_up.clear()
                is_file_due = next_file <= time.monotonic()
                self._num_begun += 1
                self._look(is_file_due)
                self.num_looks = self._num_begun
                next_folders = time.monotonic() + self._folder_period
                if is_file_due:
                    next_file = time.monotonic() + self._file_period
            seconds = min(next_folders, next_file) - time.monotonic()
            if self._retry():
                seconds = min(seconds, _RETRY_SECONDS)
            self._wake_up.wait(min(max(seconds, 0), threading.TIMEOUT_MAX))

    def look_now(self) -> int:
        """Has it look at the folders at once; may be called from any thread.

        Returns:
          How many looks have ended when one that began after this call has.
        """
        number = self._num_begun + 1
        self._wake_up.set()
        return number

    def stop(self) -> None:
        """Lets `run` return after the look that it may be at."""
        self._stopping = True
        self._wake_up.set()
