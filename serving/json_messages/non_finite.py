"""Writes the numbers that JSON has no words for the way TF Serving does."""

import json
from functools import partial
from typing import Any

import numpy as np

from serving.json_messages.bounds import UNBOUNDED, Bounds
from serving.tensors import Array


def is_finite(array: Array) -> bool:
    """Returns whether an array holds no NaN and no infinity."""
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def dump_with_nan(value: Any, bounds: Bounds = UNBOUNDED) -> bytes:
    """Writes a JSON value in which numpy arrays may hold NaN, Infinity and -Infinity.

    Raises:
      ServingError: It takes too long.
    """
    to_list = partial(_to_list, bounds=bounds)
    return json.dumps(value, default=to_list, ensure_ascii=False, separators=(",", ":")).encode()


def _to_list(value: Any, bounds: Bounds) -> Any:
    """Turns an array or a numpy scalar into lists of Python numbers.

    A float32 becomes the shortest decimal number that reads back as the same float32.
    """
    array = np.asarray(value)
    if array.dtype != np.float32:
        return array.tolist()
    if array.ndim == 0:
        return float(str(array[()]))
    return [_to_list(element, bounds) for element in bounds.paced(array)]
