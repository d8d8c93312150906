"""Names and shapes of the features, defined in this one place (standard library only)."""

IMAGE_KEY = "image"
"""The raw pixels: one bytes value, row by row, of each pixel its channels; see DataSpec."""

LABEL_KEY = "label"
"""The class of the image: one int64 from 0 to num_classes - 1."""

HEIGHT_KEY = "height"
"""Rows of the image: one int64."""

WIDTH_KEY = "width"
"""Columns of the image: one int64."""

MEAN_INTENSITY_KEY = "mean_intensity"
"""Mean of value / 255 over the image and its channels: one float in [0, 1]."""

INK_FRACTION_KEY = "ink_fraction"
"""Share of the values that are not zero: one float in [0, 1]."""

PROBABILITIES_KEY = "probabilities"
"""Output of the model: float32 [batch, num_classes], each row sums to one."""

CLASSES_KEY = "classes"
"""Output of the model: int64 [batch], the most probable class of each image."""

SCORES_KEY = "scores"
"""The probabilities, as the signature `classify` calls them; its classes are their names."""


def transformed_name(key: str) -> str:
    """Returns the name that the feature `key` has after Transform."""
    return f"{key}_xf"
