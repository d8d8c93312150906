"""The threads in which one model runs, so that the loop that talks to clients never waits for it.

Each model has threads of its own: one that takes for ever keeps nobody else from running.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from serving.errors import Code, ServingError
from serving.inference.deadlines import fail_at

Work = Callable[[int], Any]
"""Runs in a thread, and is told its number."""

logger = logging.getLogger(__name__)


class Places:
    """As many threads as a model may run in at a time, each with a number.

    Work is ended, by way of `interrupt`, when nobody waits for it any more: its deadline is over,
    or its client has gone.

    Attributes:
      num_places: How many threads there may be.
    """

    def __init__(
        self,
        num_places: int,
        *,
        interrupt: Callable[[int], None],
        recover: Callable[[int], None],
    ) -> None:
        """Starts no thread yet.

        Args:
          num_places: How many threads there may be.
          interrupt: Ends what runs in a place, or is about to; is called from another thread.
          recover: Makes a place ready again after what was interrupted or has failed.
        """
        self.num_places = num_places
        self._interrupt = interrupt
        self._recover = recover
        self._lock = threading.Lock()
        self._waiting: deque[_Job] = deque()
        # One for each job that was ever submitted. All threads wait here: who has just become free
        # goes on without a pause, which takes a sixth less CPU than to wake the one that is next.
        self._tokens: SimpleQueue[bool] = SimpleQueue()
        self._num_threads = 0
        # Threads that do nothing, less the tokens for them. Below zero more could be used.
        self._num_idle = 0

    def submit(self, work: Work, *, deadline: float | None = None) -> "asyncio.Future[Any]":
        """Runs `work` in the next thread that is free.

        Args:
          work: What to do.
          deadline: When nobody needs it any more, in seconds of `time.monotonic()`.

        Returns:
          Its result. Cancelling it ends the work; at the deadline it fails with a ServingError.
        """
        job = _Job(work, asyncio.get_running_loop(), self._interrupt)
        fail_at(deadline, job.future)
        if self._num_idle <= 0 and self._num_threads < self.num_places:
            try:
                self._start_thread()
            except RuntimeError as error:  # the machine has no more; the others must do
                if not self._num_threads:
                    no_thread = ServingError(Code.UNAVAILABLE, f"No thread is left: {error}")
                    job.future.set_exception(no_thread)
                    return job.future
        with self._lock:
            self._num_idle -= 1
            self._waiting.append(job)
        job.future.add_done_callback(lambda _: self._withdraw(job))
        self._tokens.put(True)
        return job.future

    def close(self) -> None:
        """Lets the threads end when they have done what was submitted."""
        for _ in range(self._num_threads):
            self._tokens.put(False)

    def _withdraw(self, job: "_Job") -> None:
        """Forgets work that nobody waits for: all places may be taken for ever."""
        with self._lock:
            if job.is_waiting:
                self._waiting.remove(job)

    def _start_thread(self) -> None:
        place = self._num_threads
        name = f"model-{place}"
        threading.Thread(target=self._work, args=(place,), name=name, daemon=True).start()
        self._num_threads += 1
        self._count_idle()

    def _count_idle(self) -> None:
        with self._lock:
            self._num_idle += 1

    def _work(self, place: int) -> None:
        while self._tokens.get():
            job = self._find_job()
            if job and not job.run(place):
                self._make_ready(place)
            self._count_idle()

    def _find_job(self) -> "_Job | None":
        """Returns the work that has waited longest, None if that of this token was withdrawn."""
        with self._lock:
            job = self._waiting.popleft() if self._waiting else None
            if job:
                job.is_waiting = False
            return job

    def _make_ready(self, place: int) -> None:
        try:
            self._recover(place)
        except Exception:  # the thread must go on: what comes next may find the place ready
            logger.exception("Place %d may be lost", place)


class _Job:
    """Work that is done in a thread while a loop waits for it.

    Attributes:
      future: Its result.
      is_waiting: Whether it waits for a thread.
    """

    def __init__(
        self, work: Work, loop: asyncio.AbstractEventLoop, interrupt: Callable[[int], None]
    ) -> None:
        self._work: Work | None = work
        self._loop = loop
        self._interrupt = interrupt
        self._lock = threading.Lock()
        self._place: int | None = None
        self.is_waiting = True
        self.future: asyncio.Future[Any] = loop.create_future()
        self.future.add_done_callback(self._abandon)

    def run(self, place: int) -> bool:
        """Does the work, if somebody still waits for it; returns whether the place is clean."""
        with self._lock:
            work, self._work = self._work, None
            if work is None:
                return True
            self._place = place
        result, error = None, None
        try:
            result = work(place)
        except Exception as raised:  # noqa: BLE001 - handed to whoever waits
            error = raised
        with self._lock:
            was_interrupted = self._place is None
            self._place = None
        with suppress(RuntimeError):  # the loop has ended: nobody waits
            self._loop.call_soon_threadsafe(self._finish, result, error)
        return error is None and not was_interrupted

    def _finish(self, result: Any, error: Exception | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)

    def _abandon(self, _: "asyncio.Future[Any]") -> None:
        """Ends the work if it goes on though its future is done."""
        with self._lock:
            self._work = None
            place, self._place = self._place, None
            if place is not None:
                self._interrupt(place)
