"""The artifact that holds a model's exports, a folder for each format, and their manifest.

It is of TFX's own type Model, "in one or more formats": Vertex AI knows no type of ours.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # with TFX's types comes TensorFlow, which who only reads a report does not need
    from tfx.types import Artifact

EXPORTS_KEY: Final = "exports"
"""The output of ModelExporter, and the input of whatever publishes it."""

BLESSED_PROPERTY: Final = "blessed"
"""Custom property, as TFX's blessings have it: 1 if a model may be published with these exports."""

REASONS_PROPERTY: Final = "reasons"
"""Custom property: why not, or why a format is left out, as a JSON list of sentences."""


def is_blessed(exports: "Artifact") -> bool:
    """Returns whether a model may be published with these exports."""
    return bool(exports.get_int_custom_property(BLESSED_PROPERTY))
