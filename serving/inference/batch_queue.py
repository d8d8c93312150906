"""What waits to be joined into one call of a model."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

from serving.inference.deadlines import fail_at
from serving.tensors import Array, Arrays

Outputs = dict[str, Array]


@dataclass(eq=False)
class BatchTask:
    """One request, or a part of a large one.

    Attributes:
      inputs: Its rows.
      num_rows: How many.
      done: Its answer.
      enqueued: When it came, in seconds of `time.monotonic()`.
      is_waiting: Whether it is in its queue.
    """

    inputs: Arrays
    num_rows: int
    done: "asyncio.Future[Outputs]"
    enqueued: float
    is_waiting: bool = True


@dataclass
class BatchQueue:
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
    tasks: deque[BatchTask] = field(default_factory=deque)
    num_rows: int = 0
    alone: deque[BatchTask] = field(default_factory=deque)
    is_due: bool = False
    timer: asyncio.TimerHandle | None = None

    def add(self, inputs: Arrays, deadline: float | None) -> BatchTask:
        """Lets a task wait; it leaves when its answer is not awaited any more.

        Args:
          inputs: Its rows.
          deadline: When it fails with a ServingError, in seconds of `time.monotonic()`.
        """
        done = asyncio.get_running_loop().create_future()
        fail_at(deadline, done)
        task = BatchTask(inputs, count_rows(inputs), done, time.monotonic())
        done.add_done_callback(lambda _: self._withdraw(task))
        self.tasks.append(task)
        self.num_rows += task.num_rows
        return task

    def take(self, most: int) -> list[BatchTask]:
        """Returns the oldest tasks that have so many rows at most, which wait no more."""
        taken: list[BatchTask] = []
        num_rows = 0
        while self.tasks and num_rows + self.tasks[0].num_rows <= most:
            task = self.tasks.popleft()
            num_rows += task.num_rows
            task.is_waiting = False
            taken.append(task)
        self.num_rows -= num_rows
        return taken

    def _withdraw(self, task: BatchTask) -> None:
        if task.is_waiting:
            task.is_waiting = False
            self.tasks.remove(task)
            self.num_rows -= task.num_rows


def count_rows(inputs: Arrays) -> int:
    """Returns the number of rows, which all inputs have."""
    return len(next(iter(inputs.values())))
