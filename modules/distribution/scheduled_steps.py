"""Has workers take the steps of a training, each on its own batches, and no two in step."""

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import tensorflow as tf

from modules.distribution.watchdog import Watchdog

# So that workers have what to do while the chief waits for a slow one.
_SCHEDULED_FOR_EACH_WORKER = 16


class Outcome(NamedTuple):
    """What a step returns.

    Attributes:
      loss: The mean over its batch.
      labels: Those of its batch.
      logits: The answers to it.
    """

    loss: tf.Tensor
    labels: tf.Tensor
    logits: tf.Tensor


class ScheduledSteps:
    """What workers do: each takes the next step as soon as it is done with one."""

    def __init__(
        self,
        strategy: tf.distribute.ParameterServerStrategy,
        *,
        num_workers: int,
        watchdog: Watchdog,
    ) -> None:
        """Begins with none.

        Args:
          strategy: In the chief.
          num_workers: How many take steps.
          watchdog: Expects each step of the caller's, and here those behind one that is lost.
        """
        self._coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
        self._num_workers = num_workers
        self._watchdog = watchdog

    def part_batches(self, batches: tf.data.Dataset) -> Iterator[Any]:
        """Returns an iterator for steps, in which each worker sees its part of the batches."""
        # A dataset cannot leave the process that made it; its description can.
        description = tf.raw_ops.DatasetToGraphV2(
            input_dataset=tf.data.experimental.to_variant(batches), strip_device_assignment=True
        )

        # A plain dataset, since there is one replica: to iterate over a distributed one, TensorFlow
        # makes a generator dataset in each worker, see modules.training.freed_memory.
        def make_part() -> tf.data.Dataset:
            everything = tf.data.experimental.from_variant(
                tf.raw_ops.DatasetFromGraph(graph_def=description), batches.element_spec
            )
            worker = tf.distribute.coordinator.experimental_get_current_worker_index()
            return everything.shard(self._num_workers, worker).prefetch(tf.data.AUTOTUNE)

        return iter(self._coordinator.create_per_worker_dataset(tf.function(make_part)))

    def take(
        self, step: Callable[..., Outcome], arguments: Iterator[tuple[Any, ...]]
    ) -> Iterator[Outcome]:
        """Has a step taken with each of the arguments, and yields what they return, in order.

        Raises:
          UnavailableError: A parameter server is lost.
        """
        # Not all at once: what they return waits for us in memory.
        num_ahead = _SCHEDULED_FOR_EACH_WORKER * self._num_workers
        scheduled: deque[tf.distribute.coordinator.RemoteValue] = deque()
        for each in arguments:
            scheduled.append(self._coordinator.schedule(step, args=each))
            if len(scheduled) == num_ahead:
                yield self._wait_for(scheduled.popleft(), behind=scheduled)
        while scheduled:
            yield self._wait_for(scheduled.popleft(), behind=scheduled)
        self._coordinator.join()

    def _wait_for(
        self,
        scheduled: tf.distribute.coordinator.RemoteValue,
        *,
        behind: Iterable[tf.distribute.coordinator.RemoteValue],
    ) -> Outcome:
        try:
            return scheduled.fetch()
        except (tf.errors.CancelledError, tf.errors.UnavailableError):
            # If its worker was lost before we had the values, another one takes the step again,
            # as the last of those that are scheduled. Each of them has its time.
            for each in behind:
                with contextlib.suppress(tf.errors.OpError):
                    each.get()
                self._watchdog.expect("in the steps of a worker that was lost")
            # This raises why steps were cancelled, if it was not that.
            self._coordinator.join()
            return scheduled.fetch()
