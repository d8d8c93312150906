"""What the server needs of a model in memory; `serving.saved_model.servable.Servable` is one."""

from collections.abc import Mapping
from typing import Any, Protocol

from serving.tensors import Array, Arrays, Signature


class LoadedModel(Protocol):
    """A model that answers."""

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """What it can be asked for, by name."""

    @property
    def signature_defs(self) -> Mapping[str, Any]:
        """The same as the metadata API shows it."""

    def run(self, signature_name: str, inputs: Arrays) -> dict[str, Array]:
        """Calls a signature with all of its inputs."""
