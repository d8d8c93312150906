"""ML Metadata that returns artifacts in the order in which they were asked for.

TFX takes for granted that it does: on a cache hit it pairs the events of the outputs with their
artifacts by position (tfx/orchestration/portable/cache_utils.py). PostgreSQL returns rows as they
lie on the disk, where an update moves them, so that the outputs of a cached node would be swapped.
"""

from collections.abc import Sequence
from typing import Any

from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import Artifact
from tfx.orchestration.metadata import Metadata


class OrderedMetadata(Metadata):
    """TFX's connection to ML Metadata, with an order."""

    @property
    def store(self) -> "_OrderedStore":
        """The store, within the block that the connection is entered for."""
        return _OrderedStore(super().store)


class _OrderedStore:
    """A MetadataStore, but for the order."""

    def __init__(self, store: MetadataStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def get_artifacts_by_id(self, artifact_ids: Sequence[int]) -> list[Artifact]:
        """Returns the artifacts that exist, each once, in the order of `artifact_ids`."""
        found = {
            artifact.id: artifact for artifact in self._store.get_artifacts_by_id(artifact_ids)
        }
        return [found[number] for number in dict.fromkeys(artifact_ids) if number in found]
