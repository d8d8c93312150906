"""Which of the folders under a model's base path are to be served (standard library only)."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

_MAX_VERSION = 2**63 - 1

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Latest:
    """Serve the highest `count` versions."""

    count: int = 1


@dataclass(frozen=True)
class All:
    """Serve every version."""


@dataclass(frozen=True)
class Specific:
    """Serve these versions and no other."""

    versions: frozenset[int]


Policy = Latest | All | Specific


def index_versions(children: Iterable[str]) -> dict[int, str]:
    """Returns the folder of each version number among the entries of a base path.

    Entries whose names are no numbers are ignored, which is where a push can be staged. Of two
    names for one number, such as 1 and 001, the last in the order of the alphabet counts.
    """
    folders: dict[int, str] = {}
    for child in sorted(child.rstrip("/") for child in children):
        if not (child.isascii() and child.isdigit()) or int(child) > _MAX_VERSION:
            continue
        version = int(child)
        if version in folders:
            logger.warning(
                "Duplicate version directories detected. Version %d will be loaded from %s, %s "
                "will be ignored.",
                version,
                child,
                folders[version],
            )
        folders[version] = child
    return folders


def pick_versions(folders: dict[int, str], policy: Policy) -> dict[int, str]:
    """Returns those of `folders` that the policy wants served."""
    match policy:
        case Latest(count):
            return {version: folders[version] for version in sorted(folders)[-max(count, 1) :]}
        case Specific(versions):
            return {number: folder for number, folder in folders.items() if number in versions}
        case All():
            return dict(folders)
