"""Writes the numbers that JSON has no words for the way TF Serving does."""

import json
from typing import Any

import numpy as np

from serving.tensors import Array


def is_finite(array: Array) -> bool:
    """Returns whether an array holds no NaN and no infinity."""
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def dump_with_nan(value: Any) -> bytes:
    """Writes a JSON value in which numpy arrays may hold NaN, Infinity and -Infinity."""
    return json.dumps(value, default=_to_list, ensure_ascii=False, separators=(",", ":")).encode()


def _to_list(value: Any) -> Any:
    """Turns an array or a numpy scalar into lists of Python numbers.

    A float32 becomes the shortest decimal number that reads back as the same float32.
    """
    array = np.asarray(value)
    if array.dtype != np.float32:
        return array.tolist()
    if array.ndim == 0:
        return float(str(array[()]))
    return [_to_list(element) for element in array]
