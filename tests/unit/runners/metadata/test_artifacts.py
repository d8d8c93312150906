"""What ML Metadata knows of an execution: its artifacts, its run and their properties."""

from collections.abc import Sequence

import pytest
from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import (
    Artifact,
    ArtifactType,
    ConnectionConfig,
    Context,
    ContextType,
    Event,
    Execution,
    ExecutionType,
)

from runners.metadata.artifacts import (
    properties_of,
    property_of,
    read_inputs,
    read_outputs,
    read_run_id,
)


@pytest.fixture
def store() -> MetadataStore:
    """Metadata in memory, with the types that TFX registers, and two artifacts."""
    store = MetadataStore(ConnectionConfig(fake_database={}))
    store.put_execution_type(ExecutionType(name="Trainer"))
    for name in ("node", "pipeline_run"):
        store.put_context_type(ContextType(name=name))
    type_id = store.put_artifact_type(ArtifactType(name="Model"))
    store.put_artifacts([Artifact(type_id=type_id, uri=uri) for uri in ("/first", "/second")])
    return store


def _event(kind: int, uri: str, *slots: tuple[str, int]) -> tuple[Artifact, Event]:
    """An artifact that an execution takes in or puts out, as TFX writes it down."""
    event = Event(type=kind)
    for key, position in slots:
        event.path.steps.add(key=key)
        event.path.steps.add(index=position)
    return Artifact(uri=uri), event


def _add_execution(store: MetadataStore, events: Sequence[tuple[Artifact, Event]]) -> int:
    """Adds an execution of the run `monday` on artifacts that are known by their URI."""
    ids = {artifact.uri: artifact.id for artifact in store.get_artifacts()}
    contexts = [
        Context(type_id=store.get_context_type(kind).id, name=name)
        for kind, name in (("node", "digits.Trainer"), ("pipeline_run", "monday"))
    ]
    execution = Execution(type_id=store.get_execution_type("Trainer").id)
    execution_id, _, _ = store.put_execution(execution, [], contexts)
    for artifact, event in events:
        event.execution_id, event.artifact_id = execution_id, ids[artifact.uri]
    store.put_events([event for _, event in events])
    return execution_id


def _uris(artifacts: dict[str, Artifact]) -> dict[str, str]:
    return {key: artifact.uri for key, artifact in artifacts.items()}


def test_inputs_and_outputs_are_told_apart(store: MetadataStore):
    execution_id = _add_execution(
        store,
        [
            _event(Event.INPUT, "/first", ("baseline", 0)),
            _event(Event.OUTPUT, "/second", ("model", 0)),
        ],
    )

    assert _uris(read_inputs(store, execution_id)) == {"baseline": "/first"}
    assert _uris(read_outputs(store, execution_id)) == {"model": "/second"}


def test_of_several_artifacts_the_first_stands_for_the_key(store: MetadataStore):
    execution_id = _add_execution(
        store,
        [
            _event(Event.INPUT, "/first", ("models", 1)),
            _event(Event.INPUT, "/second", ("models", 0)),
        ],
    )

    assert _uris(read_inputs(store, execution_id)) == {"models": "/second"}


def test_an_artifact_that_is_used_twice_stands_under_both_keys(store: MetadataStore):
    both = _event(Event.INPUT, "/first", ("model", 0), ("baseline", 0))

    execution_id = _add_execution(store, [both])

    assert _uris(read_inputs(store, execution_id)) == {"baseline": "/first", "model": "/first"}


def test_an_execution_without_artifacts_has_none(store: MetadataStore):
    execution_id = _add_execution(store, [])

    assert read_inputs(store, execution_id) == read_outputs(store, execution_id) == {}


def test_the_run_is_told_apart_from_the_node(store: MetadataStore):
    assert read_run_id(store, _add_execution(store, [])) == "monday"


def test_properties_are_plain_values():
    artifact = Artifact()
    artifact.custom_properties["blessed"].int_value = 0
    artifact.custom_properties["reasons"].string_value = "[]"
    artifact.custom_properties["nothing"].SetInParent()

    assert properties_of(artifact) == {"blessed": 0, "reasons": "[]", "nothing": None}
    assert property_of(artifact, "blessed") == 0


def test_a_property_that_is_not_there_is_none_and_is_not_made():
    artifact = Artifact()

    assert property_of(artifact, "blessed") is None
    assert property_of(None, "blessed") is None
    assert not artifact.custom_properties
