"""A model in memory with the threads in which it runs, and its way to join requests."""

from functools import partial
from typing import Protocol

from serving.config_files import BatchingParameters
from serving.inference.batcher import Batcher
from serving.inference.places import Places
from serving.metrics import Metrics
from serving.models.loaded_model import Described
from serving.tensors import Array, Arrays, can_be_joined


class Runnable(Described, Protocol):
    """A model without threads; `serving.saved_model.servable.Servable` is one."""

    @property
    def memory(self) -> object:
        """What is there for as long as its memory is not free."""

    def run(self, signature_name: str, inputs: Arrays, place: int) -> dict[str, Array]:
        """Computes the outputs of a signature in a place, where nothing else runs."""

    def interrupt(self, place: int) -> None:
        """Ends what runs in a place, or is about to; called from another thread."""

    def recover(self, place: int) -> None:
        """Makes a place ready again after what was interrupted or has failed."""

    def close(self) -> None:
        """Gives back what it holds."""


class ServedModel:
    """A model that answers.

    Attributes:
      signatures: What it can be asked for, by name.
      signature_defs: The same as the metadata API shows it.
    """

    def __init__(
        self,
        model: Runnable,
        *,
        num_places: int,
        batching: BatchingParameters | None = None,
        metrics: Metrics,
    ) -> None:
        """Makes a model answer.

        Args:
          model: Computes.
          num_places: In how many threads at the same time.
          batching: How requests are joined, None for not at all.
          metrics: Counts batches.
        """
        self.signatures = model.signatures
        self.signature_defs = model.signature_defs
        self._model = model
        self._places = Places(num_places, interrupt=model.interrupt, recover=model.recover)
        self._batcher = Batcher(model.run, self._places, batching, metrics) if batching else None

    @property
    def memory(self) -> object:
        """The model's: a thread that is ending holds that, and not this object."""
        return self._model.memory

    async def call(
        self, signature_name: str, inputs: Arrays, *, deadline: float | None = None
    ) -> dict[str, Array]:
        """Returns the outputs of a signature for all of its inputs.

        Raises:
          ServingError: The model can't answer, or not by the deadline, which is in seconds of
            `time.monotonic()`.
        """
        if self._batcher and can_be_joined(self.signatures[signature_name], inputs):
            return await self._batcher.call(signature_name, inputs, deadline)
        work = partial(self._model.run, signature_name, inputs)
        outputs: dict[str, Array] = await self._places.submit(work, deadline=deadline)
        return outputs

    def close(self) -> None:
        """Gives back its threads and its memory."""
        self._places.close()
        self._model.close()
