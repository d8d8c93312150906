"""Walks through ML Metadata from a pushed version back to the files that it was made from."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import Artifact, Event, Execution

from components.atomic_pusher.push_properties import PUSHED_DESTINATION_PROPERTY
from components.idx_example_gen.source_files import source_files
from components.versioned_directory.versions import Version
from runners.metadata.artifacts import properties_of, property_of, read_inputs, read_run_id
from runners.metadata.records import node_id_of

_VERDICT_KEYS = ("evaluation", "exports", "infra_blessing", "model_blessing")
_DIGEST_KEYS = ("code_digest", "content_digest")


class LineageError(LookupError):
    """ML Metadata does not know the model; the message says what was looked for."""


@dataclass(frozen=True, kw_only=True)
class Ancestor:
    """An artifact that a model comes from, or that speaks of it.

    Attributes:
      key: As what it was used.
      artifact_id: Its id in ML Metadata.
      type: Its type there.
      uri: Its folder.
      node_id: The node that made it.
      run_id: The run in which that was.
      digests: Digests of the node's code and configuration, by name.
      source_folder: The folder that an ExampleGen read, or "".
      files: SHA-256 of each source file of examples, by name.
      inputs: What it was made from; empty where the tree has shown that before, or where it
        only speaks of the model.
      is_repeated: Whether the tree has shown it before.
    """

    key: str
    artifact_id: int
    type: str
    uri: str
    node_id: str
    run_id: str
    digests: dict[str, str]
    source_folder: str
    files: dict[str, str]
    inputs: tuple["Ancestor", ...]
    is_repeated: bool


def read_lineage(store: MetadataStore, version: Version) -> tuple[Ancestor, ...]:
    """Returns the verdicts on a version's model, and the model with all that it comes from.

    Raises:
      LineageError: `store` does not know the version.
    """
    walk = _Walk(store)
    push = _find_push(store, version)
    if push is not None:
        inputs = read_inputs(store, push.id)
        verdicts = [walk.describe(key, inputs[key]) for key in _VERDICT_KEYS if key in inputs]
        return (*verdicts, walk.trace("model", inputs["model"]))
    return (walk.trace("model", _find_model(store, version)),)


def find_examples(store: MetadataStore, version: Version) -> str:
    """Returns the folder of the examples that a version was pushed with.

    Raises:
      LineageError: `store` does not know the version, or no examples of it.
    """
    # Of a push that is not in metadata, the model tells what it was trained on.
    execution = _find_push(store, version) or _producer(store, _find_model(store, version))
    inputs = read_inputs(store, execution.id) if execution else {}
    if "examples" not in inputs:
        raise LineageError(f"{version.path}: metadata does not know the examples of its model")
    return str(inputs["examples"].uri)


class _Walk:
    """Follows executions from outputs to inputs; each artifact is opened up once."""

    def __init__(self, store: MetadataStore) -> None:
        self._store = store
        self._seen: set[int] = set()

    def trace(self, key: str, artifact: Artifact) -> Ancestor:
        """Describes an artifact with everything that it was made from."""
        is_repeated = artifact.id in self._seen
        self._seen.add(artifact.id)
        producer = None if is_repeated else _producer(self._store, artifact)
        inputs = read_inputs(self._store, producer.id) if producer else {}
        return self.describe(
            key,
            artifact,
            inputs=tuple(self.trace(name, inputs[name]) for name in sorted(inputs)),
            is_repeated=is_repeated,
        )

    def describe(
        self,
        key: str,
        artifact: Artifact,
        *,
        inputs: tuple[Ancestor, ...] = (),
        is_repeated: bool = False,
    ) -> Ancestor:
        """Describes an artifact and the node that made it."""
        producer = _producer(self._store, artifact)
        properties = _parse_properties(producer) if producer else {}
        return Ancestor(
            key=key,
            artifact_id=artifact.id,
            type=artifact.type,
            uri=artifact.uri,
            node_id=node_id_of(self._store, producer) if producer else "",
            run_id=read_run_id(self._store, producer.id) if producer else "",
            digests=dict(_find_digests(properties)),
            source_folder=_source_folder(properties),
            files=source_files(properties_of(artifact)),
            inputs=inputs,
            is_repeated=is_repeated,
        )


def _find_push(store: MetadataStore, version: Version) -> Execution | None:
    """Returns the execution that pushed a version, or the one that it is a copy of."""
    names = {str(version.path), str(version.path.with_name(str(version.first_number)))}
    for artifact in store.get_artifacts_by_type("PushedModel"):
        if property_of(artifact, PUSHED_DESTINATION_PROPERTY) in names:
            return _producer(store, artifact)
    return None


def _find_model(store: MetadataStore, version: Version) -> Artifact:
    """Returns the model that a version's record names, for the push may not be in metadata."""
    if version.record is None:
        raise LineageError(
            f"{version.path}: expected a version that a pipeline pushed, received one without a "
            "record, and of which metadata knows no push."
        )
    origin = version.record.origin
    for artifact in store.get_artifacts_by_id([origin.model_id]):
        if artifact.uri == origin.model_uri:
            return artifact
    raise LineageError(
        f"{version.path}: metadata does not know its model, {origin.model_uri or 'unnamed'} of run "
        f"{origin.run_id or 'unknown'} of pipeline {origin.pipeline_name or 'unknown'}. Set "
        "metadata_path to the metadata of that pipeline."
    )


def _producer(store: MetadataStore, artifact: Artifact) -> Execution | None:
    """Returns the execution that made an artifact; later ones only found it in the cache."""
    events = store.get_events_by_artifact_ids([artifact.id])
    ids = [event.execution_id for event in events if event.type == Event.OUTPUT]
    executions = store.get_executions_by_id(ids)
    made = [item for item in executions if item.last_known_state == Execution.COMPLETE]
    return min(made, key=lambda execution: execution.id, default=None)


def _parse_properties(execution: Execution) -> dict[str, Any]:
    """Returns the properties of an execution, with those that are JSON taken apart."""
    properties = properties_of(execution)
    for name, value in properties.items():
        with contextlib.suppress(TypeError, json.JSONDecodeError):  # no text, or no JSON
            properties[name] = json.loads(value)
    return properties


def _source_folder(properties: Mapping[str, Any]) -> str:
    """Returns the folder of an ExampleGen's input; its pattern may lead to that of a span."""
    if "input_base" not in properties:
        return ""
    [split, *_] = properties["input_config"]["splits"]
    return f"{properties['input_base']}/{split['pattern']}".rpartition("/")[0]


def _find_digests(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields the digests in `content`, however deep they are."""
    for key, value in content.items():
        if key in _DIGEST_KEYS and value:
            yield key, str(value)
        elif isinstance(value, Mapping):
            yield from _find_digests(value)
