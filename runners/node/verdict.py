"""What a node decided: whether a model is blessed, and whether and where it was pushed."""

import json
from collections.abc import Sequence

from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import Artifact
from tfx.components.evaluator.constants import ARTIFACT_PROPERTY_BLESSED_KEY

from components.atomic_pusher.push_properties import (
    PUSHED_DESTINATION_PROPERTY,
    PUSHED_PROPERTY,
    PUSHED_VERSION_PROPERTY,
)
from components.evaluation.checks import worth_telling
from components.evaluation.result import read_evaluation
from components.model_exporter.artifact import EXPORTS_KEY
from components.servability_validator.artifact import REASONS_PROPERTY
from runners.metadata.artifacts import property_of, read_inputs
from runners.metadata.records import NodeRecord


def describe_skip(store: MetadataStore, execution_id: int, record: NodeRecord) -> str:
    """Returns why the node left its work undone although it ran, or "" if it did it.

    A pusher that is given a model without a blessing succeeds, and pushes nothing.
    """
    pushed = property_of(record.outputs.get("pushed_model"), PUSHED_PROPERTY)
    if pushed is None or pushed == 1:
        return ""
    refusals = [
        f"{'the export' if key == EXPORTS_KEY else artifact.type} was refused"
        f"{_reasons(artifact) or ', as the log of its node tells'}"
        for key, artifact in read_inputs(store, execution_id).items()
        if property_of(artifact, ARTIFACT_PROPERTY_BLESSED_KEY) == 0
    ]
    return f"nothing was pushed: {' and '.join(refusals) or 'the model is not blessed'}"


def describe_result(record: NodeRecord) -> str:
    """Returns what is worth a line of the task's log about what the node decided, or ""."""
    pushed_model = record.outputs.get("pushed_model")
    if (version := property_of(pushed_model, PUSHED_VERSION_PROPERTY)) is not None:
        destination = property_of(pushed_model, PUSHED_DESTINATION_PROPERTY)
        return f": pushed version {version} to {destination}"
    if (exports := record.outputs.get(EXPORTS_KEY)) is not None:
        reasons = _reasons(exports)
        if not property_of(exports, ARTIFACT_PROPERTY_BLESSED_KEY):
            return f": NOT EXPORTED{reasons}"
        return f": exported, but for some formats{reasons}" if reasons else ": exported"
    blessing = record.outputs.get("blessing")
    blessed = property_of(blessing, ARTIFACT_PROPERTY_BLESSED_KEY)
    if blessing is None or blessed is None:
        return ""
    return ": BLESSED" if blessed == 1 else f": NOT BLESSED{_reasons(blessing)}"


def describe_checks(record: NodeRecord, class_names: Sequence[str] = ()) -> tuple[str, ...]:
    """Returns a line for each threshold that a blessing hangs on; none for other nodes.

    Args:
      record: What metadata knows of the node.
      class_names: How classes are called, from label 0 on; empty if they have no names.
    """
    evaluation, blessing = record.outputs.get("evaluation"), record.outputs.get("blessing")
    if evaluation is None or property_of(blessing, ARTIFACT_PROPERTY_BLESSED_KEY) is None:
        return ()
    checks = read_evaluation(evaluation.uri).checks
    return tuple(map(str, worth_telling(checks, class_names)))


def _reasons(blessing: Artifact) -> str:
    """Returns the reasons that the gate itself recorded, if it did."""
    reasons = json.loads(property_of(blessing, REASONS_PROPERTY) or "[]")
    return f" ({'; '.join(reasons)})" if reasons else ""
