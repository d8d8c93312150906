"""What the server needs of a model in memory; `serving.inference.served_model` has one."""

from collections.abc import Mapping
from typing import Any, Protocol

from serving.tensors import Array, Arrays, Signature


class Described(Protocol):
    """A model that says what it is."""

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """What it can be asked for, by name."""

    @property
    def signature_defs(self) -> Mapping[str, Any]:
        """The same as the metadata API shows it."""


class LoadedModel(Described, Protocol):
    """A model that answers."""

    @property
    def memory(self) -> object:
        """What is there for as long as the model's memory is not free, whoever holds that."""

    async def call(
        self, signature_name: str, inputs: Arrays, *, deadline: float | None = None
    ) -> dict[str, Array]:
        """Returns the outputs of a signature for all of its inputs.

        Raises:
          ServingError: The model can't answer, or not by the deadline, which is in seconds of
            `time.monotonic()`.
        """

    def close(self) -> None:
        """Gives back its threads and its memory; nobody uses it any more."""
