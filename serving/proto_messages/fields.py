"""Reads and writes the messages that all gRPC methods have in common."""

from typing import Any

from serving.errors import invalid_argument
from serving.inference.classification import Classes, decode_label
from serving.models.model_spec import ModelSpec
from serving.tensors import DEFAULT_SIGNATURE, Array


def read_model(request: Any) -> ModelSpec:
    """Returns the model that a request is for.

    Raises:
      ServingError: The request names none.
    """
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")
    spec = request.model_spec
    choice = spec.WhichOneof("version_choice")
    return ModelSpec(
        spec.name,
        spec.version.value if choice == "version" else None,
        spec.version_label if choice == "version_label" else None,
    )


def write_spec(reply: Any, spec: Any, version: int, signature_name: str = "") -> None:
    """Writes into a reply which model, version and signature answered the request `spec`."""
    reply.model_spec.name = spec.name
    reply.model_spec.signature_name = signature_name or spec.signature_name or DEFAULT_SIGNATURE
    reply.model_spec.version.value = version


def write_classes(rows: list[Classes], result: Any) -> None:
    """Writes the classes of each example into a ClassificationResult.

    Raises:
      ServingError: A label is not UTF-8.
    """
    for classes in rows:
        classifications = result.classifications.add()
        for label, score in classes:
            classifications.classes.add(label=decode_label(label), score=score)


def write_values(values: Array, result: Any) -> None:
    """Writes a number for each example into a RegressionResult."""
    for value in values.tolist():
        result.regressions.add(value=value)
