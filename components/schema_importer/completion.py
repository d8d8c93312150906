"""Puts into a contract what the configuration says of the data (no TensorFlow)."""

from collections.abc import Container, Iterator

from tensorflow_metadata.proto.v0.schema_pb2 import IntDomain, Schema

from modules.data_spec import DataSpec
from modules.features import HEIGHT_KEY, LABEL_KEY, WIDTH_KEY


class ContradictionError(ValueError):
    """A contract and the configuration disagree; the message says where, and what to do."""


def complete_schema(schema: Schema, data: DataSpec) -> Schema:
    """Returns a schema that also says how large images are, and which labels there are.

    What it says itself stands, so far as the configuration agrees: the labels of EMNIST's letters
    begin at 1.

    Args:
      schema: The contract as it is written; it stays as it is.
      data: What the configuration says.

    Raises:
      ContradictionError: The two disagree.
    """
    completed = Schema()
    completed.CopyFrom(schema)
    bounds = {
        HEIGHT_KEY: (data.height, data.height),
        WIDTH_KEY: (data.width, data.width),
        LABEL_KEY: (0, data.num_classes - 1),
    }
    for name, domain in _find_domains(completed, bounds):
        low, high = bounds[name]
        if not domain.HasField("min"):
            domain.min = low
        if not domain.HasField("max"):
            domain.max = high
        fits = low <= domain.min <= domain.max <= high
        if not fits:
            raise ContradictionError(
                f"feature {name}: expected values from {low} to {high}, as data.height, data.width "
                f"and data.num_classes say, received a domain from {domain.min} to {domain.max}. "
                "Correct one of them, or leave the domain to the configuration."
            )
    return completed


def find_label_domain(schema: Schema) -> IntDomain:
    """Returns the domain of the label, an unbounded one if the schema has no label."""
    domains = dict(_find_domains(schema, (LABEL_KEY,)))
    return domains.get(LABEL_KEY, IntDomain())


def _find_domains(schema: Schema, names: Container[str]) -> Iterator[tuple[str, IntDomain]]:
    """Yields features by name with their domain, which may be one that others share."""
    shared = {domain.name: domain for domain in schema.int_domain}
    for feature in schema.feature:
        if feature.name in names:
            yield feature.name, shared.get(feature.domain, feature.int_domain)
