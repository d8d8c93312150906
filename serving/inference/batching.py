"""Joins requests that come at the same time into one call of the model."""

import asyncio
import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from serving.config_files import BatchingParameters
from serving.errors import Code, ServingError, invalid_argument
from serving.metrics import Metrics
from serving.models.loaded_model import LoadedModel
from serving.tensors import Array, Arrays, count_rows

_THREAD_POOL_NAME = "model_server_batch_threads"

_Answer = dict[str, Array] | Exception


class _Task(NamedTuple):
    """One request, or a part of a large one, that waits."""

    inputs: Arrays
    num_rows: int
    done: "asyncio.Future[dict[str, Array]]"
    enqueued: float


@dataclass
class _Queue:
    """The tasks that can be joined: same model, same signature, rows of the same shape.

    Attributes:
      model: The model to call.
      signature_name: Its signature.
      tasks: The tasks, oldest first.
      num_rows: Rows in all of them.
      is_due: Whether the oldest has waited for the timeout.
      timer: Runs out when it has.
    """

    model: LoadedModel
    signature_name: str
    tasks: deque[_Task] = field(default_factory=deque)
    num_rows: int = 0
    is_due: bool = False
    timer: asyncio.TimerHandle | None = None


class BatchingRunner:
    """Calls models with as many rows as have come; belongs to one event loop.

    A batch starts when it is full, or when its first task has waited for the timeout; either way
    only if one of the threads is free. With a timeout of 0 nobody ever waits for company, yet
    what arrives while all threads are busy is joined.
    """

    def __init__(self, parameters: BatchingParameters, metrics: Metrics) -> None:
        self._parameters = parameters
        self._metrics = metrics
        self._free_threads = parameters.num_batch_threads or os.cpu_count() or 1
        self._threads = ThreadPoolExecutor(self._free_threads, thread_name_prefix="batching")
        self._queues: dict[tuple[object, ...], _Queue] = {}

    async def run(
        self, model: LoadedModel, signature_name: str, inputs: Arrays
    ) -> dict[str, Array]:
        """Returns the outputs of one signature for these inputs.

        Raises:
          ServingError: The request is larger than a batch, or too many wait already.
        """
        signature = model.signatures[signature_name]
        loop = asyncio.get_running_loop()
        if not signature.is_batched:
            return await loop.run_in_executor(self._threads, model.run, signature_name, inputs)
        num_rows = count_rows(signature, inputs)
        largest = self._parameters.max_batch_size
        if num_rows <= largest:
            return await self._enqueue(model, signature_name, inputs, num_rows)
        if not self._parameters.enable_large_batch_splitting:
            raise invalid_argument(
                f"Task size {num_rows} is larger than maximum input batch size {largest}"
            )
        parts = [
            {name: array[start : start + largest] for name, array in inputs.items()}
            for start in range(0, num_rows, largest)
        ]
        answers = await asyncio.gather(
            *(
                self._enqueue(model, signature_name, part, count_rows(signature, part))
                for part in parts
            )
        )
        return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}

    def close(self) -> None:
        """Ends the threads; calls that run already come to their end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _enqueue(
        self, model: LoadedModel, signature_name: str, inputs: Arrays, num_rows: int
    ) -> "asyncio.Future[dict[str, Array]]":
        shapes = tuple((name, array.shape[1:]) for name, array in sorted(inputs.items()))
        key = (id(model), signature_name, shapes)
        queue = self._queues.setdefault(key, _Queue(model, signature_name))
        limit = self._parameters.max_batch_size * self._parameters.max_enqueued_batches
        if queue.num_rows + num_rows > limit:
            raise ServingError(
                Code.UNAVAILABLE,
                "The batch scheduling queue to which this task was submitted is full; "
                f"currently {queue.num_rows} rows wait",
            )
        loop = asyncio.get_running_loop()
        task = _Task(inputs, num_rows, loop.create_future(), time.monotonic())
        queue.tasks.append(task)
        queue.num_rows += num_rows
        self._start_due()
        return task.done

    def _start_due(self) -> None:
        """Starts batches that are full or have waited long enough, while threads are free."""
        for key, queue in list(self._queues.items()):
            self._look_at_clock(queue)
            while self._free_threads and (
                queue.is_due or queue.num_rows >= self._parameters.max_batch_size
            ):
                self._start(queue)
                self._look_at_clock(queue)
            if not queue.tasks:
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

    def _start(self, queue: _Queue) -> None:
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
            if not task.done.done():  # its client may have gone
                tasks.append(task)
        if not tasks:
            return
        self._free_threads -= 1
        now = time.monotonic()
        for task in tasks:
            self._metrics.queuing_latency.add(_THREAD_POOL_NAME, value=(now - task.enqueued) * 1e6)
        self._metrics.wrapped_run_count.add()
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._threads, self._call, queue, tasks)
        running.add_done_callback(lambda future: self._finish(tasks, future))

    def _call(self, queue: _Queue, tasks: Sequence[_Task]) -> list[_Answer]:
        """Makes one call for all tasks and cuts up its outputs; runs in a thread.

        If the model can't answer the batch, each task is called alone, so that a bad request
        fails nobody else's.
        """
        try:
            return list(self._call_together(queue, tasks))
        except Exception as error:  # noqa: BLE001 - TensorFlow raises anything
            if len(tasks) == 1:
                return [error]
        return [answer for task in tasks for answer in self._call(queue, [task])]

    def _call_together(self, queue: _Queue, tasks: Sequence[_Task]) -> Iterator[dict[str, Array]]:
        sizes = [task.num_rows for task in tasks]
        num_rows = sum(sizes)
        padding = self._padding(num_rows)
        inputs = {
            name: _join([task.inputs[name] for task in tasks], padding) for name in tasks[0].inputs
        }
        outputs = queue.model.run(queue.signature_name, inputs)
        for array in outputs.values():
            if array.ndim == 0 or len(array) != num_rows + padding:
                raise ServingError(
                    Code.FAILED_PRECONDITION,
                    "Batched output tensor's 0th dimension does not equal the sum of the 0th "
                    "dimension sizes of the input tensors",
                )
        for size, end in zip(sizes, np.cumsum(sizes), strict=True):
            yield {name: array[end - size : end] for name, array in outputs.items()}

    def _padding(self, num_rows: int) -> int:
        allowed = self._parameters.allowed_batch_sizes if num_rows else ()
        return next((size for size in allowed if size >= num_rows), num_rows) - num_rows

    def _finish(self, tasks: Sequence[_Task], running: "asyncio.Future[list[_Answer]]") -> None:
        self._free_threads += 1
        answers: Sequence[dict[str, Array] | BaseException]
        if running.cancelled():
            answers = [asyncio.CancelledError()] * len(tasks)
        elif error := running.exception():
            answers = [error] * len(tasks)
        else:
            answers = running.result()
        for task, answer in zip(tasks, answers, strict=True):
            if task.done.done():
                continue
            if isinstance(answer, BaseException):
                task.done.set_exception(answer)
            else:
                task.done.set_result(answer)
        self._start_due()


def _join(arrays: Sequence[Array], padding: int) -> Array:
    """Joins rows; the first row stands in for those that are missing to an allowed size."""
    joined = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    return np.concatenate([joined, np.repeat(joined[:1], padding, axis=0)]) if padding else joined
