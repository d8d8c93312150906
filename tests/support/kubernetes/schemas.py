"""Compares objects of Kubernetes with the schemas of its releases, strictly."""

from typing import Any

import kubernetes_validate
from kubernetes_validate.utils import all_versions

OLDEST, *_, NEWEST = all_versions()


def find_faults(manifest: dict[str, Any]) -> list[str]:
    """Returns what the oldest and the newest release that is known find wrong, the first of each.

    Strictly: also fields that there are not, which Kubernetes itself only warns of.
    """
    faults = []
    for version in (OLDEST, NEWEST):
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            faults.append(f"Kubernetes {version}: {error.json_path}: {error.message}")
    return faults
