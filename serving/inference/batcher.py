"""Joins requests that come at the same time into one call of the model."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from serving.config_files import BatchingParameters
from serving.errors import Code, ServingError, invalid_argument
from serving.inference.batch_queue import BatchQueue, BatchTask, Outputs, count_rows
from serving.inference.places import Places
from serving.inference.rows import cut_rows, join_rows
from serving.metrics import Metrics
from serving.models.processors import count_processors
from serving.tensors import Arrays

_THREAD_POOL_NAME = "model_server_batch_threads"

_Run = Callable[[str, Arrays, int], Outputs]


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
        # More would wait for a place, where nothing joins them any more.
        self._num_free = min(parameters.num_batch_threads or count_processors(), places.num_places)
        self._queues: dict[tuple[object, ...], BatchQueue] = {}

    async def call(
        self, signature_name: str, inputs: Arrays, deadline: float | None = None
    ) -> Outputs:
        """Returns the outputs of one signature for these inputs, which have a row each or more.

        Raises:
          ServingError: The request is larger than a batch, too many wait already, the model
            can't answer, or not by the deadline.
        """
        num_rows = count_rows(inputs)
        largest = self._parameters.max_batch_size
        if num_rows > largest and not self._parameters.enable_large_batch_splitting:
            raise invalid_argument(
                f"Task size {num_rows} is larger than maximum input batch size {largest}"
            )
        queue = self._find_queue(signature_name, inputs)
        self._check_room(queue, num_rows)
        waits = [queue.add(part, deadline).done for part in _split(inputs, num_rows, largest)]
        self._start_due()
        return await (waits[0] if len(waits) == 1 else _join(waits))

    def _find_queue(self, signature_name: str, inputs: Arrays) -> BatchQueue:
        rows = ((name, array.dtype, array.shape[1:]) for name, array in sorted(inputs.items()))
        key = (signature_name, *rows)
        return self._queues.setdefault(key, BatchQueue(signature_name, key))

    def _check_room(self, queue: BatchQueue, num_rows: int) -> None:
        limit = self._parameters.max_batch_size * self._parameters.max_enqueued_batches
        if queue.num_rows + num_rows > limit:
            raise ServingError(
                Code.UNAVAILABLE,
                "The batch scheduling queue to which this task was submitted is full; "
                f"currently {queue.num_rows} rows wait",
            )

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

    def _look_at_clock(self, queue: BatchQueue) -> None:
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

    def _run_out(self, queue: BatchQueue) -> None:
        queue.timer = None
        queue.is_due = bool(queue.tasks)
        self._start_due()

    def _take_batch(self, queue: BatchQueue) -> list[BatchTask]:
        queue.is_due = False
        if queue.timer:
            queue.timer.cancel()
            queue.timer = None
        return queue.take(self._parameters.max_batch_size)

    def _start(self, queue: BatchQueue, tasks: list[BatchTask]) -> None:
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

    def _call(self, signature_name: str, tasks: Sequence[BatchTask], place: int) -> list[Outputs]:
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
        self,
        queue: BatchQueue,
        tasks: Sequence[BatchTask],
        running: "asyncio.Future[list[Outputs]]",
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


def _split(inputs: Arrays, num_rows: int, largest: int) -> Iterator[Arrays]:
    """Yields parts of so many rows at most; there is at least one, perhaps without any rows."""
    if num_rows <= largest:
        yield inputs
        return
    for start in range(0, num_rows, largest):
        yield {name: array[start : start + largest] for name, array in inputs.items()}


async def _join(waits: "Sequence[asyncio.Future[Outputs]]") -> Outputs:
    """Returns the answers of all parts as one; if one fails, nobody waits for the others."""
    try:
        answers = await asyncio.gather(*waits)
    finally:
        for wait in waits:
            wait.cancel()
    try:
        return join_rows(answers, 0)
    except ValueError as error:
        raise ServingError(
            Code.FAILED_PRECONDITION,
            f"The parts of a request larger than a batch have answers of different shapes: {error}",
        ) from error


def _settle(future: "asyncio.Future[Outputs]", answer: Outputs | BaseException) -> None:
    if future.done():
        return
    if isinstance(answer, BaseException):
        future.set_exception(answer)
    else:
        future.set_result(answer)
