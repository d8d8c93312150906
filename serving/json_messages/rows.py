"""Joins the rows of a predict request, and says which of them is wrong."""

from collections.abc import Mapping
from typing import Any

from serving.errors import ServingError, invalid_argument
from serving.json_messages import tensors
from serving.json_messages.bounds import UNBOUNDED, Bounds
from serving.json_messages.document import render_value
from serving.json_messages.lenient_reader import RepeatedKeys
from serving.tensors import Array, TensorSpec

# Rows that are looked at together to find the wrong one.
_BLOCK = 64


def is_named(value: Any) -> bool:
    """Returns whether a value is an object that names inputs, and not one that holds bytes."""
    return isinstance(value, dict) and not tensors.is_base64(value)


def parse_rows(
    rows: list[Any], specs: Mapping[str, TensorSpec], bounds: Bounds = UNBOUNDED
) -> dict[str, Array]:
    """Returns the array of each input; the list has a row.

    Raises:
      ServingError: A row is not what the inputs take, or is unlike the first; or it takes too long.
    """
    named = is_named(rows[0])
    try:
        return (_join_named_rows if named else _join_plain_rows)(rows, specs, bounds)
    except (ServingError, _OddRowError):
        # This is slower, and says which row is wrong.
        _check_each_row(rows, specs, bounds, named=named)
        raise


class _OddRowError(ValueError):
    """A row is no object, or has other keys than the signature has inputs, or one twice."""


def _join_plain_rows(
    rows: list[Any], specs: Mapping[str, TensorSpec], bounds: Bounds
) -> dict[str, Array]:
    name = min(specs)
    return {name: tensors.parse_tensor(rows, specs[name].dtype, bounds)}


def _join_named_rows(
    rows: list[Any], specs: Mapping[str, TensorSpec], bounds: Bounds
) -> dict[str, Array]:
    if not all(_names_all(row, specs) for row in bounds.paced(rows)):
        raise _OddRowError
    return {
        name: tensors.parse_tensor([row[name] for row in rows], spec.dtype, bounds)
        for name, spec in specs.items()
    }


def _names_all(row: Any, specs: Mapping[str, TensorSpec]) -> bool:
    return is_named(row) and row.keys() == specs.keys() and not isinstance(row, RepeatedKeys)


def _check_each_row(
    rows: list[Any], specs: Mapping[str, TensorSpec], bounds: Bounds, *, named: bool
) -> None:
    """Raises TF Serving's error about the first row that is wrong."""
    shapes: dict[str, tuple[int, ...]] = {}
    for start in range(0, len(rows), _BLOCK):
        bounds.check_time()
        block = rows[start : start + _BLOCK]
        if not _is_right(block, specs, shapes, named=named):
            _check_block(block, start, specs, shapes, named=named)


def _is_right(
    block: list[Any],
    specs: Mapping[str, TensorSpec],
    shapes: Mapping[str, tuple[int, ...]],
    *,
    named: bool,
) -> bool:
    """Returns whether these rows are right, as far as rows before them have set the shapes."""
    try:
        arrays = (_join_named_rows if named else _join_plain_rows)(block, specs, UNBOUNDED)
    except (ServingError, _OddRowError):
        return False
    return all(shapes.get(name) == array.shape[1:] for name, array in arrays.items())


def _check_block(
    block: list[Any],
    start: int,
    specs: Mapping[str, TensorSpec],
    shapes: dict[str, tuple[int, ...]],
    *,
    named: bool,
) -> None:
    for number, row in enumerate(block, start):
        if named and not is_named(row):
            raise invalid_argument(f"Expecting object but got list at item {number} of input list")
        if not named and is_named(row):
            raise invalid_argument(
                f"Expecting value/list but got object at item {number} of input list"
            )
        values = row if named else {min(specs): row}
        for name, value in values.items():
            key = f" key: {name}" if named else ""
            try:
                _check_row_value(name, value, specs, shapes)
            except ServingError as error:
                raise invalid_argument(
                    f"Failed to process element: {number}{key} of 'instances' list. Error: {error}"
                ) from error
        if named and row.keys() != specs.keys():
            raise invalid_argument(
                f"Failed to process element: {number} of 'instances' list. JSON object: "
                f"{render_value(row)} keys must be equal to: {','.join(sorted(specs))}"
            )
        if isinstance(row, RepeatedKeys):
            raise invalid_argument(
                f"Failed to process element: {number} of 'instances' list. JSON object: "
                f"{render_value(row)} has a key more than once"
            )


def _check_row_value(
    name: str, value: Any, specs: Mapping[str, TensorSpec], shapes: dict[str, tuple[int, ...]]
) -> None:
    if name not in specs:
        raise invalid_argument(f"JSON object: does not have named input: {name}")
    array = tensors.parse_tensor(value, specs[name].dtype)
    expected = shapes.setdefault(name, array.shape)
    if _size(expected) != array.size:
        raise invalid_argument(f"Expecting tensor size: {_size(expected)} but got: {array.size}")
    if expected != array.shape:
        raise invalid_argument(
            f"Expecting shape {_render(expected)} but got: {_render(array.shape)}"
        )


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def _render(shape: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, shape))}]"
