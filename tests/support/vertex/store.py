"""What Vertex AI remembers of earlier runs: artifacts to be queried, and a cache."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

Json = dict[str, Any]
Artifacts = Mapping[str, list[Json]]

_TERM = re.compile(r'([\w.]+)="?([^"]*)"?')


@dataclass
class MetadataStore:
    """The artifacts of all runs, and what was put out for the same inputs before."""

    _artifacts: list[Json] = field(default_factory=list)
    _cache: dict[str, Artifacts] = field(default_factory=dict)

    def find(self, query: str) -> list[Json]:
        """Returns the newest artifact that a query finds, or none."""
        terms = []
        for text in query.split(" AND "):
            term = _TERM.fullmatch(text)
            assert term, text
            terms.append(term.groups())
        found = [
            artifact
            for artifact in self._artifacts
            if all(_matches(artifact, key, value) for key, value in terms)
        ]
        return found[-1:]

    def keep(self, cache_key: str, artifacts: Artifacts) -> None:
        """Remembers what a task put out."""
        self._artifacts += [artifact for group in artifacts.values() for artifact in group]
        self._cache[cache_key] = artifacts

    def recall(self, cache_key: str) -> Artifacts | None:
        """Returns what the same task put out before."""
        return self._cache.get(cache_key)


def _matches(artifact: Json, key: str, value: str) -> bool:
    match key.split("."):
        case ["schema_title"]:
            return bool(yaml.safe_load(artifact["type"]["instanceSchema"])["title"] == value)
        case ["state"]:
            return value == "LIVE"  # what a failed task put out is not kept here
        case ["name"]:
            return bool(artifact["name"] == value)
        case ["metadata", name, "number_value"]:
            return bool(artifact["metadata"].get(name) == float(value))
        case ["metadata", name, "string_value"]:
            return bool(artifact["metadata"].get(name) == value)
        case _:
            raise ValueError(key)
