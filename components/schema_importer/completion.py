"""Puts into a contract what the configuration says of the data (no TensorFlow)."""

from collections.abc import Container, Iterator

from tensorflow_metadata.proto.v0.schema_pb2 import IntDomain, Schema

from components.schema_importer.contract import Contract
from modules.data_spec import DataSpec
from modules.features import HEIGHT_KEY, LABEL_KEY, WIDTH_KEY


class ContradictionError(ValueError):
    """A contract and the configuration disagree; the message says where, and what to do."""


def complete_schema(contract: Contract, data: DataSpec) -> Schema:
    """Returns the contract's schema with how large images are, and which labels there are.

    What it says itself stands, so far as the configuration agrees: the labels of EMNIST's letters
    begin at 1.

    Args:
      contract: As it is written; it stays as it is.
      data: What the configuration says.

    Raises:
      ContradictionError: The two disagree.
    """
    completed = Schema()
    completed.CopyFrom(contract.schema)
    bounds = find_bounds(data)
    for name, domain in find_domains(completed, bounds):
        low, high = bounds[name]
        if not domain.HasField("min"):
            domain.min = low
        if not domain.HasField("max"):
            domain.max = high
        fits = low <= domain.min <= domain.max <= high
        if not fits:
            raise ContradictionError(
                f"{contract.path}: feature {name}: expected values from {low} to {high}, as "
                "data.height, data.width and data.num_classes say, received a domain from "
                f"{domain.min} to {domain.max}. Correct one of them, or leave the domain to the "
                "configuration."
            )
    return completed


def find_labels(contract: Contract, data: DataSpec) -> range:
    """Returns the labels that rows may have.

    Raises:
      ContradictionError: The contract and the configuration disagree.
    """
    for _, domain in find_domains(complete_schema(contract, data), (LABEL_KEY,)):
        return range(domain.min, domain.max + 1)
    return range(data.num_classes)


def find_bounds(data: DataSpec) -> dict[str, tuple[int, int]]:
    """Returns the least and the largest value that a feature may have, by its name."""
    return {
        HEIGHT_KEY: (data.height, data.height),
        WIDTH_KEY: (data.width, data.width),
        LABEL_KEY: (0, data.num_classes - 1),
    }


def find_domains(schema: Schema, names: Container[str]) -> Iterator[tuple[str, IntDomain]]:
    """Yields features by name with their domain, which may be one that others share."""
    shared = {domain.name: domain for domain in schema.int_domain}
    for feature in schema.feature:
        if feature.name in names:
            yield feature.name, shared.get(feature.domain, feature.int_domain)
