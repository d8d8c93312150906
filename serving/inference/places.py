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
        self._workers: list[_Worker] = []
        # The last to become idle is the next to work: what it needs is still in its cache.
        self._idle: list[_Worker] = []
        self._waiting: deque[_Job] = deque()
        self._is_closed = False

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
        try:
            self._hand_out(job)
        except RuntimeError as error:
            job.future.set_exception(ServingError(Code.UNAVAILABLE, f"No thread is left: {error}"))
        return job.future

    def close(self) -> None:
        """Lets the threads end when they have done what was submitted."""
        with self._lock:
            self._is_closed = True
            while self._idle:
                self._idle.pop().jobs.put(None)

    def _hand_out(self, job: "_Job") -> None:
        with self._lock:
            if self._idle:
                self._idle.pop().jobs.put(job)
            elif len(self._workers) == self.num_places or not self._start_worker(job):
                self._waiting.append(job)
                job.is_waiting = True
                job.future.add_done_callback(lambda _: self._withdraw(job))

    def _withdraw(self, job: "_Job") -> None:
        """Forgets work that nobody waits for: all places may be taken for ever."""
        with self._lock:
            if job.is_waiting:
                job.is_waiting = False
                self._waiting.remove(job)

    def _start_worker(self, job: "_Job") -> bool:
        """Starts a thread with its first work; returns False if the others must do without it.

        Raises:
          RuntimeError: There are no others, and the machine has no thread.
        """
        place = len(self._workers)
        worker = _Worker(place)
        worker.jobs.put(job)
        thread = threading.Thread(
            target=self._work, args=(worker,), name=f"model-{place}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            if not self._workers:
                raise
            return False
        self._workers.append(worker)
        return True

    def _work(self, worker: "_Worker") -> None:
        job = worker.jobs.get()
        while job is not None:
            if not job.run(worker.place):
                self._make_ready(worker.place)
            job = self._find_work(worker)

    def _find_work(self, worker: "_Worker") -> "_Job | None":
        """Waits for the next work of a thread; returns None if it is to end."""
        with self._lock:
            if self._waiting:
                job = self._waiting.popleft()
                job.is_waiting = False
                return job
            if self._is_closed:
                return None
            self._idle.append(worker)
        return worker.jobs.get()

    def _make_ready(self, place: int) -> None:
        try:
            self._recover(place)
        except Exception:  # the thread must go on: what comes next may find the place ready
            logger.exception("Place %d may be lost", place)


class _Worker:
    """A thread of a model.

    Attributes:
      place: Its number.
      jobs: Where it waits for work while it is idle.
    """

    def __init__(self, place: int) -> None:
        self.place = place
        self.jobs: SimpleQueue[_Job | None] = SimpleQueue()


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
        self.is_waiting = False
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
