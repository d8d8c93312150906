"""What a node decided: whether a model is blessed, and whether and where it was pushed."""

import json

from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import Artifact, Event

from components.evaluation.result import read_evaluation
from runners.metadata.records import NodeRecord


def describe_skip(store: MetadataStore, execution_id: int, record: NodeRecord) -> str:
    """Returns why the node left its work undone although it ran, or "" if it did it.

    A pusher that is given a model without a blessing succeeds, and pushes nothing.
    """
    pushed = _property(record.outputs.get("pushed_model"), "pushed")
    if pushed is None or pushed == 1:
        return ""
    refusals = [
        f"{artifact.type} was refused{_reasons(artifact) or ', as the log of its node tells'}"
        for artifact in _read_inputs(store, execution_id)
        if _property(artifact, "blessed") == 0
    ]
    return f"nothing was pushed: {' and '.join(refusals) or 'the model is not blessed'}"


def describe_result(record: NodeRecord) -> str:
    """Returns what is worth a line of the task's log about what the node decided, or ""."""
    if (version := _property(record.outputs.get("pushed_model"), "pushed_version")) is not None:
        destination = _property(record.outputs["pushed_model"], "pushed_destination")
        return f": pushed version {version} to {destination}"
    blessing = record.outputs.get("blessing")
    blessed = _property(blessing, "blessed")
    if blessing is None or blessed is None:
        return ""
    return ": BLESSED" if blessed == 1 else f": NOT BLESSED{_reasons(blessing)}"


def describe_checks(record: NodeRecord) -> tuple[str, ...]:
    """Returns a line for each threshold that a blessing hangs on; none for other nodes."""
    evaluation = record.outputs.get("evaluation")
    if evaluation is None or _property(record.outputs.get("blessing"), "blessed") is None:
        return ()
    return tuple(str(check) for check in read_evaluation(evaluation.uri).checks)


def _read_inputs(store: MetadataStore, execution_id: int) -> list[Artifact]:
    ids = [
        event.artifact_id
        for event in store.get_events_by_execution_ids([execution_id])
        if event.type == Event.INPUT
    ]
    return list(store.get_artifacts_by_id(ids))


def _reasons(blessing: Artifact) -> str:
    """Returns the reasons that the gate itself recorded, if it did."""
    reasons = json.loads(str(_property(blessing, "reasons") or "[]"))
    return f" ({'; '.join(reasons)})" if reasons else ""


def _property(artifact: Artifact | None, name: str) -> str | int | float | None:
    """Returns a custom property of an artifact, None if there is no such thing."""
    if artifact is None or name not in artifact.custom_properties:
        return None
    value = artifact.custom_properties[name]
    return getattr(value, value.WhichOneof("value"))
