"""A way to end a run of a Session from outside, for which TensorFlow has no call.

`RunOptions.timeout_in_ms` ends a run, but only at a time that is known when it begins, and has it
run in TensorFlow's own threads, which costs as much again as a small model. Here the time is the
caller's choice, such as when a client hangs up, and the run stays in the thread that asks for it.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

# The end of a run, and what ends it: never more than these two are in a queue.
_CAPACITY = 4
_DEVICE = "/cpu:0"


class Interrupts:
    """Nodes in a graph, by which a run can be ended.

    A run takes place in one of a number of places, each of which has a queue. Beside what it is
    for, a run waits for an entry in the queue of its place. It puts one there itself when its
    outputs are there; an entry that is not a number is an error, and with an error a run ends.

    Attributes:
      place: Takes the number of the place, in all runs of the nodes below.
      interrupt: Ends the run.
      num_entries: How many entries an interrupted or failed run has left in the queue.
      drop: Takes one away.
    """

    def __init__(self, graph: tf.Graph, num_places: int) -> None:
        """Adds the nodes to a graph."""
        self._graph = graph
        with graph.as_default(), tf.device(_DEVICE):
            self.place = tf.compat.v1.placeholder(tf.int32, [])
            queues = [_make_queue() for _ in range(num_places)]
            # Chosen in the graph: with nodes for each place TensorFlow would prepare, and keep,
            # the whole model for each.
            self._queue = tf.gather(tf.stack(queues), self.place)
            self.interrupt = self._enqueue(float("nan"))
            self.num_entries = tf.raw_ops.QueueSizeV2(handle=self._queue)
            self.drop = self._dequeue()
            self._wait = tf.raw_ops.CheckNumerics(tensor=self._dequeue(), message="interrupted").op

    def watch(self, outputs: Sequence[tf.Tensor]) -> list[Any]:
        """Returns the operations that a run which fetches `outputs` has to run as well."""
        with self._graph.as_default(), tf.device(_DEVICE), tf.control_dependencies(outputs):
            return [self._enqueue(0.0), self._wait]

    def _enqueue(self, value: float) -> Any:
        return tf.raw_ops.QueueEnqueueV2(handle=self._queue, components=[tf.constant(value)])

    def _dequeue(self) -> tf.Tensor:
        return tf.raw_ops.QueueDequeueV2(handle=self._queue, component_types=[tf.float32])[0]


def _make_queue() -> tf.Tensor:
    return tf.raw_ops.FIFOQueueV2(component_types=[tf.float32], shapes=[[]], capacity=_CAPACITY)
