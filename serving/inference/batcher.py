"""Joins requests that come at the same time into one call of the model."""

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np

from serving.config_files import BatchingParameters
from serving.errors import Code, ServingError, invalid_argument
from serving.inference.deadlines import fail_at
from serving.inference.places import Places
from serving.inference.rows import cut_rows, join_rows
from serving.metrics import Metrics
from serving.tensors import Array, Arrays

_THREAD_POOL_NAME = "model_server_batch_threads"

_Outputs = dict[str, Array]
_Run = Callable[[str, Arrays, int], _Outputs]


class _Task(NamedTuple):
    """One request, or a part of a large one, that waits."""

    inputs: Arrays
    num_rows: int
    done: "asyncio.Future[_Outputs]"
    enqueued: float


@dataclass
class _Queue:
    """The tasks that can be joined: same signature, rows of the same type and shape.

    Attributes:
      signature_name: The signature.
      key: The signature, with type and shape of the rows.
      tasks: The tasks, oldest first.
      num_rows: Rows in all of them.
      alone: Tasks of a batch that failed, of which each is tried alone.
      is_due: Whether the oldest has waited for the timeout.
      timer: Runs out when it has.
    """

    signature_name: str
    key: tuple[object, ...]
    tasks: deque[_Task] = field(default_factory=deque)
    num_rows: int = 0
    alone: deque[_Task] = field(default_factory=deque)
    is_due: bool = False
    timer: asyncio.TimerHandle | None = None


class Batcher:
    """Calls a model with as many rows as have come; belongs to one event loop.

    A batch starts when it is full, or when its first task has waited for the timeout; either way
    only if fewer than `num_batch_threads` run. With a timeout of 0 nobody ever waits for company,
    yet what arrives while that many run is joined.
    """

    def __init__(
        self, run: _Run, places: Places, parameters: BatchingParameters, metrics: Metrics
    ) -> None:
        """Makes a batcher.

        Args:
          run: Calls a signature in a place.
          places: The places of the model.
          parameters: How to join.
          metrics: Counts batches and how long tasks waited.
        """
        self._run = run
        self._places = places
        self._parameters = parameters
        self._metrics = metrics
        self._num_free = parameters.num_batch_threads or os.cpu_count() or 1
        self._queues: dict[tuple[object, ...], _Queue] = {}

    async def call(
        self, signature_name: str, inputs: Arrays, deadline: float | None = None
    ) -> _Outputs:
        """Returns the outputs of one signature for these inputs, which have a row each or more.

        Raises:
          ServingError: The request is larger than a batch, too many wait already, the model
            can't answer, or not by the deadline.
        """
        num_rows = _count_rows(inputs)
        largest = self._parameters.max_batch_size
        if num_rows <= largest:
            return await self._enqueue(signature_name, inputs, deadline)
        if not self._parameters.enable_large_batch_splitting:
            raise invalid_argument(
                f"Task size {num_rows} is larger than maximum input batch size {largest}"
            )
        parts = [
            {name: array[start : start + largest] for name, array in inputs.items()}
            for start in range(0, num_rows, largest)
        ]
        answers = await asyncio.gather(
            *(self._enqueue(signature_name, part, deadline) for part in parts)
        )
        return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}

    def _enqueue(
        self, signature_name: str, inputs: Arrays, deadline: float | None
    ) -> "asyncio.Future[_Outputs]":
        rows = ((name, array.dtype, array.shape[1:]) for name, array in sorted(inputs.items()))
        key = (signature_name, *rows)
        queue = self._queues.setdefault(key, _Queue(signature_name, key))
        num_rows = _count_rows(inputs)
        limit = self._parameters.max_batch_size * self._parameters.max_enqueued_batches
        if queue.num_rows + num_rows > limit:
            raise ServingError(
                Code.UNAVAILABLE,
                "The batch scheduling queue to which this task was submitted is full; "
                f"currently {queue.num_rows} rows wait",
            )
        done = asyncio.get_running_loop().create_future()
        fail_at(deadline, done)
        queue.tasks.append(_Task(inputs, num_rows, done, time.monotonic()))
        queue.num_rows += num_rows
        self._start_due()
        return done

    def _start_due(self) -> None:
        """Starts batches that are full or have waited long enough, while more may run."""
        for key, queue in list(self._queues.items()):
            self._look_at_clock(queue)
            while self._num_free and queue.alone:
                self._start(queue, [queue.alone.popleft()])
            while self._num_free and (
                queue.is_due or queue.num_rows >= self._parameters.max_batch_size
            ):
                self._start(queue, self._take_batch(queue))
                self._look_at_clock(queue)
            if not queue.tasks and not queue.alone:
                del self._queues[key]

    def _look_at_clock(self, queue: _Queue) -> None:
        """Notes whether the oldest task has waited long enough, or sets a timer to its end.

        A timer that runs out decides by itself: by another clock it may be a little early.
        """
        if queue.is_due or queue.timer or not queue.tasks:
            return
        timeout = self._parameters.batch_timeout_micros / 1e6
        remaining = queue.tasks[0].enqueued + timeout - time.monotonic()
        if remaining <= 0:
            queue.is_due = True
        else:
            loop = asyncio.get_running_loop()
            queue.timer = loop.call_later(remaining, self._run_out, queue)

    def _run_out(self, queue: _Queue) -> None:
        queue.timer = None
        queue.is_due = bool(queue.tasks)
        self._start_due()

    def _take_batch(self, queue: _Queue) -> list[_Task]:
        tasks: list[_Task] = []
        num_rows = 0
        queue.is_due = False
        if queue.timer:
            queue.timer.cancel()
            queue.timer = None
        while queue.tasks and num_rows + queue.tasks[0].num_rows <= self._parameters.max_batch_size:
            task = queue.tasks.popleft()
            num_rows += task.num_rows
            queue.num_rows -= task.num_rows
            tasks.append(task)
        return tasks

    def _start(self, queue: _Queue, tasks: list[_Task]) -> None:
        tasks = [task for task in tasks if not task.done.done()]  # a client may have gone
        if not tasks:
            return
        self._num_free -= 1
        now = time.monotonic()
        for task in tasks:
            self._metrics.queuing_latency.add(_THREAD_POOL_NAME, value=(now - task.enqueued) * 1e6)
        self._metrics.wrapped_run_count.add()
        running = self._places.submit(partial(self._call, queue.signature_name, tasks))
        running.add_done_callback(partial(self._finish, queue, tasks))

        def stop_if_abandoned(_: object) -> None:
            if not running.done() and all(task.done.done() for task in tasks):
                running.cancel()

        for task in tasks:
            task.done.add_done_callback(stop_if_abandoned)

    def _call(self, signature_name: str, tasks: Sequence[_Task], place: int) -> list[_Outputs]:
        """Makes one call for all tasks and cuts up its outputs; runs in a thread."""
        sizes = [task.num_rows for task in tasks]
        padding = self._padding(sum(sizes))
        inputs = join_rows([task.inputs for task in tasks], padding)
        outputs = self._run(signature_name, inputs, place)
        return list(cut_rows(outputs, sizes, padding))

    def _padding(self, num_rows: int) -> int:
        allowed = self._parameters.allowed_batch_sizes if num_rows else ()
        return next((size for size in allowed if size >= num_rows), num_rows) - num_rows

    def _finish(
        self, queue: _Queue, tasks: Sequence[_Task], running: "asyncio.Future[list[_Outputs]]"
    ) -> None:
        """Hands out answers; a batch that failed is tried again, each task alone.

        So a bad request fails nobody else's.
        """
        self._num_free += 1
        if not running.cancelled():
            error = running.exception()
            if error and len(tasks) > 1:
                self._queues.setdefault(queue.key, queue).alone.extend(tasks)
            elif error:
                _settle(tasks[0].done, error)
            else:
                for task, outputs in zip(tasks, running.result(), strict=True):
                    _settle(task.done, outputs)
        self._start_due()


def _count_rows(inputs: Arrays) -> int:
    return len(next(iter(inputs.values())))


def _settle(future: "asyncio.Future[_Outputs]", answer: _Outputs | BaseException) -> None:
    if future.done():
        return
    if isinstance(answer, BaseException):
        future.set_exception(answer)
    else:
        future.set_result(answer)
