"""One try of a node in a run, which goes on with the execution of the try before it.

An orchestrator may start the next try before the last one has ended. Whoever takes an execution
over signs it, and the last one then leaves it alone.
"""

import logging
import uuid
from collections.abc import Sequence

from ml_metadata.proto.metadata_store_pb2 import Execution
from tfx.orchestration.metadata import Metadata
from tfx.orchestration.portable.mlmd import context_lib, execution_lib
from tfx.proto.orchestration import pipeline_pb2

from runners.metadata.artifacts import property_of
from runners.metadata.records import state_of
from runners.metadata.recovery import close_execution, set_cause
from runners.metadata.states import SUCCESSFUL, NodeState

_SIGNATURE = "__tried_by__"

logger = logging.getLogger(__name__)


class NodeAttempt:
    """One try of a node."""

    def __init__(
        self, metadata: Metadata, node: pipeline_pb2.PipelineNode, pipeline_root: str
    ) -> None:
        """Prepares a try.

        Args:
          metadata: Where executions are.
          node: The node, its run in it.
          pipeline_root: Where outputs are.
        """
        self._metadata = metadata
        self._node = node
        self._pipeline_root = pipeline_root
        # An execution that this try makes itself, through TFX, is signed by nobody.
        self._signature = ""

    def take_over(self) -> int | None:
        """Signs what an earlier try left and removes its half-made output.

        Returns:
          The id of an execution of the node in this run that succeeded, if there is one.
        """
        with self._metadata as handle:
            executions = self._read(handle)
            left = [each for each in executions if state_of(each) not in SUCCESSFUL]
            if left:
                self._signature = str(uuid.uuid4())
            for execution in left:
                execution.custom_properties[_SIGNATURE].string_value = self._signature
                killed = state_of(execution) == NodeState.RUNNING
                reason = f"an earlier try {'was killed' if killed else 'failed'}"
                close_execution(handle.store, execution, self._pipeline_root, reason=reason)
            done = [each.id for each in executions if state_of(each) in SUCCESSFUL]
        return done[0] if done else None

    def stop(self, reason: str) -> None:
        """Marks the execution as failed and removes its half-made output, if it is this try's."""
        with self._metadata as handle:
            for execution in self._read(handle):
                mine = _signature_of(execution) == self._signature
                if mine and state_of(execution) not in SUCCESSFUL:
                    close_execution(handle.store, execution, self._pipeline_root, reason=reason)

    def fail(self, cause: str) -> None:
        """Writes why this try failed into its execution, for who reads metadata later.

        If metadata does not take that, it is only logged: the cause is what a person must see.
        """
        try:
            with self._metadata as handle:
                failed = [
                    execution
                    for execution in self._read(handle)
                    if _signature_of(execution) == self._signature
                    and state_of(execution) == NodeState.FAILED
                ]
                for execution in failed:
                    set_cause(execution, cause)
                handle.store.put_executions(failed)
        except Exception:
            logger.exception("Metadata does not take the cause of the failure")

    def _read(self, handle: Metadata) -> Sequence[Execution]:
        contexts = context_lib.prepare_contexts(handle, self._node.contexts)
        return execution_lib.get_executions_associated_with_all_contexts(handle, contexts)


def _signature_of(execution: Execution) -> str:
    return property_of(execution, _SIGNATURE) or ""
