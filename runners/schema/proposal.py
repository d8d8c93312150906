"""The contract as it would be after accepting what was inferred from data (no TensorFlow)."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from tensorflow_metadata.proto.v0.schema_pb2 import Feature, FixedShape, Schema

_COMPARATORS = ("skew_comparator", "drift_comparator")

ElementKey = tuple[str, str]
"""The field of Schema that a named element stands in, and its name: ("feature", "label")."""


@dataclass(frozen=True, kw_only=True)
class ElementDifference:
    """One feature or domain of the contract against what was inferred from data.

    Attributes:
      key: Which one.
      removed: "path: value" of what accepting takes out of the contract.
      added: "path: value" of what accepting puts into it.
      kept: Fields that only the contract has, and keeps.
      verdict: "agrees", "differs", "only in the data" or "only in the contract".
    """

    key: ElementKey
    removed: tuple[str, ...]
    added: tuple[str, ...]
    kept: tuple[str, ...]
    verdict: str


def merge_inferred(contract: Schema, inferred: Schema) -> Schema:
    """Returns `contract` with everything that `inferred` states.

    What inference does not state stays as people wrote it: domains, comparators, annotations.
    A feature whose type changes keeps only its comparators, as the rest was meant for the old
    type. A required feature that the data lack is taken out.
    """
    merged = Schema()
    merged.CopyFrom(contract)
    merged.ClearField("feature")
    found = {feature.name: feature for feature in inferred.feature}
    for feature in contract.feature:
        if feature.name in found:
            merged.feature.append(_merge_feature(feature, found.pop(feature.name)))
        elif not (feature.presence.min_count or feature.presence.min_fraction):
            merged.feature.append(feature)
    merged.feature.extend(found.values())
    # Inference also lists the values of categorical integers, as a domain that nothing refers to.
    missing = {feature.domain for feature in merged.feature}
    missing -= {domain.name for domain in merged.string_domain}
    merged.string_domain.extend(
        domain for domain in inferred.string_domain if domain.name in missing
    )
    return merged


def find_differences(
    contract: Schema, proposal: Schema, inferred: Schema
) -> Iterator[ElementDifference]:
    """Yields each element of `contract` or `proposal`, also where the two agree.

    Args:
      contract: As it is.
      proposal: As it would be.
      inferred: What the data alone say, to tell what only the contract knows.
    """
    old, new, stated = (named_elements(schema) for schema in (contract, proposal, inferred))
    for key in {**old, **new}:
        before, after = _flatten(old.get(key)), _flatten(new.get(key))
        if key not in old:
            verdict = "only in the data"
        elif key not in new:
            verdict = "only in the contract"
        else:
            verdict = "agrees" if old[key] == new[key] else "differs"
        yield ElementDifference(
            key=key,
            removed=tuple(_lines(before, without=after)),
            added=tuple(_lines(after, without=before)),
            kept=tuple(_unstated_fields(old.get(key), new.get(key), stated.get(key))),
            verdict=verdict,
        )


def named_elements(schema: Schema) -> dict[ElementKey, Any]:
    """Returns the features and domains of `schema` in their order, fields first."""
    return {
        (field.name, element.name): element
        for field, elements in schema.ListFields()
        if field.message_type and "name" in field.message_type.fields_by_name
        for element in elements
    }


def _merge_feature(contract: Feature, inferred: Feature) -> Feature:
    merged = Feature()
    merged.CopyFrom(contract)
    if contract.type != inferred.type:
        for field, _ in contract.ListFields():
            if field.name not in _COMPARATORS:
                merged.ClearField(field.name)
    for field, value in inferred.ListFields():
        if field.name == "shape" and _num_values(value) == _num_values(merged.shape):
            continue  # inference counts values; only people know that 784 of them are 28 by 28
        merged.ClearField(field.name)
        if isinstance(value, Message):
            getattr(merged, field.name).CopyFrom(value)
        else:
            setattr(merged, field.name, value)
    # Whatever the data, inference states 1.
    if merged.HasField("presence"):
        least = max(merged.presence.min_count, contract.presence.min_count)
        merged.presence.min_count = least
    return merged


def _num_values(shape: FixedShape) -> int | None:
    return math.prod(dim.size for dim in shape.dim) if shape.dim else None


def _flatten(message: Message | None, prefix: str = "") -> dict[str, str]:
    """Returns every value in `message` by its dotted path, but for its name."""
    values: dict[str, str] = {}
    for field, value in message.ListFields() if message is not None else ():
        path = f"{prefix}{field.name}"
        if not field.message_type:
            if path != "name":
                values[path] = _text(field, value)
            continue
        for number, nested in enumerate(value if field.is_repeated else [value]):
            nested_path = f"{path}[{number}]" if field.is_repeated else path
            values |= _flatten(nested, f"{nested_path}.") or {nested_path: "{}"}
    return values


def _text(field: Any, value: Any) -> str:
    values = value if field.is_repeated else [value]
    if field.enum_type:
        return ", ".join(field.enum_type.values_by_number[number].name for number in values)
    return ", ".join(f"{one:g}" if isinstance(one, float) else str(one) for one in values)


def _lines(values: Mapping[str, str], *, without: Mapping[str, str]) -> Iterator[str]:
    for path, value in values.items():
        if without.get(path) != value:
            yield f"{path}: {value}"


def _unstated_fields(
    old: Message | None, new: Message | None, inferred: Message | None
) -> Iterator[str]:
    if old is None or new is None:
        return
    stated = {field.name for field, _ in inferred.ListFields()} if inferred is not None else set()
    still_there = {field.name for field, _ in new.ListFields()}
    for field, _ in old.ListFields():
        if field.name in still_there - stated - {"name"}:
            yield field.name
