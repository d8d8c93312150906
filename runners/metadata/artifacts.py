"""What an execution in ML Metadata took in, what it put out, in which run, and their properties."""

from collections.abc import Iterator
from typing import Any

from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import Artifact, Context, Event, Execution, Value


def read_inputs(store: MetadataStore, execution_id: int) -> dict[str, Artifact]:
    """Returns the input artifacts of an execution by key; only the first of each key."""
    return _read_artifacts(store, execution_id, Event.INPUT)


def read_outputs(store: MetadataStore, execution_id: int) -> dict[str, Artifact]:
    """Returns the output artifacts of an execution by key; only the first of each key."""
    return _read_artifacts(store, execution_id, Event.OUTPUT)


def find_producer(store: MetadataStore, artifact_id: int) -> int:
    """Returns the id of the execution that made an artifact, before any that has reused it."""
    events = store.get_events_by_artifact_ids([artifact_id])
    return min(event.execution_id for event in events if event.type == Event.OUTPUT)


def read_run_id(store: MetadataStore, execution_id: int) -> str:
    """Returns the id of the run that an execution belongs to."""
    contexts = store.get_contexts_by_execution(execution_id)
    return str(next(context.name for context in contexts if context.type == "pipeline_run"))


def properties_of(item: Artifact | Context | Execution) -> dict[str, Any]:
    """Returns the custom properties as plain Python values, by name."""
    return {name: _plain(value) for name, value in item.custom_properties.items()}


def property_of(item: Artifact | Context | Execution | None, name: str) -> Any:
    """Returns one custom property as a plain Python value, None if there is no such thing."""
    if item is None or name not in item.custom_properties:
        return None
    return _plain(item.custom_properties[name])


def _read_artifacts(store: MetadataStore, execution_id: int, kind: int) -> dict[str, Artifact]:
    slots = sorted(
        slot
        for event in store.get_events_by_execution_ids([execution_id])
        if event.type == kind
        for slot in _slots_of(event)
    )
    found = store.get_artifacts_by_id(sorted({artifact_id for _, _, artifact_id in slots}))
    artifacts = {artifact.id: artifact for artifact in found}
    first_of_each: dict[str, Artifact] = {}
    for key, _, artifact_id in slots:
        first_of_each.setdefault(key, artifacts[artifact_id])
    return first_of_each


def _slots_of(event: Event) -> Iterator[tuple[str, int, int]]:
    """Yields each (key, position in it, artifact id); TFX lines up keys and positions as steps."""
    keys, positions = event.path.steps[::2], event.path.steps[1::2]
    for key, position in zip(keys, positions, strict=True):
        yield key.key, position.index, event.artifact_id


def _plain(value: Value) -> Any:
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None
