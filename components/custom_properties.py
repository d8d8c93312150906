"""Reads what a component noted on an artifact, whichever platform keeps it."""

from tfx.types import Artifact


def read_strings(artifact: Artifact) -> dict[str, str]:
    """Returns the custom properties that are strings by their names; others are empty."""
    # Vertex AI wraps every value in a struct; TFX's getter sees through it.
    names = artifact.mlmd_artifact.custom_properties
    return {name: artifact.get_string_custom_property(name) for name in names}
