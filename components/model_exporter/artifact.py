"""The artifact that holds a model's exports, a folder for each format, and their manifest."""

from typing import Final

from tfx.types import Artifact

EXPORTS_KEY: Final = "exports"
"""The output of ModelExporter, and the input of whatever publishes it."""

BLESSED_PROPERTY: Final = "blessed"
"""Custom property, as TFX's blessings have it: 1 if a model may be published with these exports."""

REASONS_PROPERTY: Final = "reasons"
"""Custom property: why not, as a JSON list of sentences."""


class ModelExports(Artifact):
    """A model in other formats than TensorFlow's."""

    TYPE_NAME = "ModelExports"


def is_blessed(exports: Artifact) -> bool:
    """Returns whether a model may be published with these exports."""
    return bool(exports.get_int_custom_property(BLESSED_PROPERTY))
