"""Joins the rows of several requests, and cuts up what a model makes of them (numpy only)."""

from collections.abc import Iterator, Sequence

import numpy as np

from serving.errors import Code, ServingError
from serving.tensors import Array, Arrays


def join_rows(requests: Sequence[Arrays], padding: int) -> dict[str, Array]:
    """Returns the rows of all requests, in their order.

    Args:
      requests: Inputs by name, with the same names and rows of the same shape.
      padding: So many rows are added at the end, for which the first row stands in.
    """
    return {name: _join([arrays[name] for arrays in requests], padding) for name in requests[0]}


def cut_rows(outputs: Arrays, sizes: Sequence[int], padding: int) -> Iterator[dict[str, Array]]:
    """Yields the outputs of each request, which has so many rows.

    Raises:
      ServingError: The model made more or fewer rows than it was given.
    """
    num_rows = sum(sizes) + padding
    for array in outputs.values():
        if array.ndim == 0 or len(array) != num_rows:
            raise ServingError(
                Code.FAILED_PRECONDITION,
                "Batched output tensor's 0th dimension does not equal the sum of the 0th "
                "dimension sizes of the input tensors",
            )
    end = 0
    for size in sizes:
        end += size
        yield {name: array[end - size : end] for name, array in outputs.items()}


def _join(arrays: Sequence[Array], padding: int) -> Array:
    joined = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    return np.concatenate([joined, np.repeat(joined[:1], padding, axis=0)]) if padding else joined
