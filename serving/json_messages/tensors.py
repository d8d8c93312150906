"""Turns JSON values into arrays and back, with TF Serving's rules and error texts."""

import base64
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np

from serving.errors import Code, ServingError, invalid_argument
from serving.json_messages.base64_text import decode_base64_text
from serving.json_messages.bounds import UNBOUNDED, Bounds
from serving.json_messages.document import render_value, type_of
from serving.json_messages.lenient_reader import RepeatedKeys
from serving.tensors import NUMPY_TYPES, Array, type_name

_BASE64_KEY = "b64"
_BYTES_SUFFIX = "_bytes"
# numpy has no arrays of more dimensions.
_MAX_RANK = 64
# A wrong value is looked for among so many; in a body of any size that would take minutes.
_MAX_VISITS = 100_000
_FLOATING = ("float", "double")
_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint32", "uint64")
_WRITABLE = {*_FLOATING, *_INTEGERS, "bool", "string"}


def is_base64(value: Any) -> bool:
    """Returns whether `value` is an object of the one key "b64", which stands for bytes."""
    return (
        isinstance(value, dict)
        and len(value) == 1
        and not isinstance(value, RepeatedKeys)
        and isinstance(value.get(_BASE64_KEY), str)
    )


def decode_base64(value: Any) -> bytes:
    """Returns the bytes that {"b64": "..."} stands for.

    Raises:
      ServingError: The object has another form, or the text is not base64.
    """
    if not is_base64(value):
        raise invalid_argument(
            f"JSON Value: {render_value(value)} not formatted correctly for base64 data"
        )
    return decode_base64_text(value[_BASE64_KEY])


def encode_string(value: str) -> bytes:
    """Returns a string as the bytes that the client sent."""
    return value.encode("utf-8", "surrogateescape")


def count_values(value: Any, bounds: Bounds = UNBOUNDED) -> int:
    """Returns how many numbers and strings a JSON value, nested lists or a scalar, consists of."""
    count = 0
    lists: list[Any] = [[value]]
    for values in bounds.paced(lists):
        inner = [item for item in values if isinstance(item, list)]
        count += len(values) - len(inner)
        lists += inner
    return count


def parse_tensor(value: Any, dtype: str, bounds: Bounds = UNBOUNDED) -> Array:
    """Returns the tensor that a JSON value, nested lists or a scalar, stands for.

    Its rank is how deep the first elements are nested, as in TF Serving.

    Raises:
      ServingError: The lists are ragged, a value is not of type `dtype`, or it takes too long.
    """
    shape = _shape(value)
    if len(shape) > _MAX_RANK:
        raise invalid_argument(f"Lists are nested {len(shape)} deep, expected <= {_MAX_RANK}")
    leaves: Sequence[Any] = [value]
    for size in shape:
        # Checking types and lengths of a whole level at once is what makes this fast.
        if set(map(type, leaves)) != {list} or set(map(len, leaves)) - {size}:
            break
        bounds.check_time()
        leaves = list(chain.from_iterable(leaves))
    else:
        array = _leaves_to_array(leaves, dtype, bounds)
        if array is not None:
            return array.reshape(shape)
    _raise_first_error(value, dtype, shape)
    # Only an empty list inside a list gets here: it has no elements to be wrong.
    return np.empty(shape, NUMPY_TYPES.get(dtype, np.object_))


def array_to_json(name: str, array: Array, bounds: Bounds = UNBOUNDED) -> Any:
    """Returns what stands for an output in JSON: an array that orjson writes, or nested lists.

    What type it is of, it says itself: a signature may be wrong about it.

    Raises:
      ServingError: TF Serving's JSON has no form for this type, the strings are not UTF-8, or it
        takes too long.
    """
    dtype = type_name(array)
    if dtype not in _WRITABLE:
        raise invalid_argument(f"Failed to write JSON value for tensor type: {dtype}")
    if dtype != "string":
        return np.ascontiguousarray(array) if array.ndim else array[()]
    return _strings_to_json(array, _bytes_writer(name), bounds)


def _bytes_writer(name: str) -> Callable[[bytes], Any]:
    if name.endswith(_BYTES_SUFFIX):
        return lambda value: {_BASE64_KEY: base64.b64encode(value).decode()}

    def write(value: bytes) -> str:
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise invalid_argument(
                "Failed to write JSON value for tensor type: string: output "
                f"{name} holds bytes that are not UTF-8; a name that ends in {_BYTES_SUFFIX} "
                "would send them as base64"
            ) from error

    return write


def _strings_to_json(array: Array, write: Callable[[bytes], Any], bounds: Bounds) -> Any:
    if array.ndim == 0:
        value = array[()]
        return write(value if isinstance(value, bytes) else bytes(value))
    rows = (np.asarray(row, dtype=object) for row in bounds.paced(array))
    return [_strings_to_json(row, write, bounds) for row in rows]


def _shape(value: Any) -> tuple[int, ...]:
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(shape)


def _leaves_to_array(leaves: Sequence[Any], dtype: str, bounds: Bounds = UNBOUNDED) -> Array | None:
    """Returns the flat array of `leaves`, None if one of them is of a wrong type."""
    types = set(map(type, leaves))
    if dtype in _FLOATING and types <= {int, float}:
        with np.errstate(over="ignore"):  # a double beyond float32 is infinite, as in TF Serving
            return np.array(leaves, np.float64).astype(NUMPY_TYPES[dtype])
    if dtype in _INTEGERS and types <= {int}:
        return _integers_to_array(leaves, dtype)
    if dtype == "bool" and types <= {bool}:
        return np.array(leaves, np.bool_)
    if dtype == "string" and types <= {str, dict}:
        strings = np.empty(len(leaves), object)
        strings[:] = [_to_bytes(leaf) for leaf in bounds.paced(leaves)]
        return strings
    return None


def _integers_to_array(leaves: Sequence[int], dtype: str) -> Array | None:
    """Returns None if a number does not fit; TF Serving wraps it, which predicts nonsense."""
    try:
        if dtype == "uint8":  # pixels: this takes a third of the time
            return np.frombuffer(bytearray(leaves), np.uint8)
        return np.array(leaves, NUMPY_TYPES[dtype])
    except (OverflowError, ValueError):
        return None


def _to_bytes(value: str | dict[str, Any]) -> bytes:
    if isinstance(value, dict):
        return decode_base64(value)
    return encode_string(value)


def _raise_first_error(value: Any, dtype: str, shape: tuple[int, ...]) -> None:
    """Raises TF Serving's error about the first wrong value."""
    visits = islice(_check(value, dtype, shape, 0), _MAX_VISITS)
    if sum(1 for _ in visits) == _MAX_VISITS:
        raise invalid_argument(
            f"JSON Value: expected lists of equal length all through, of type: {dtype}; the first "
            f"{_MAX_VISITS} are right"
        )


def _check(value: Any, dtype: str, shape: tuple[int, ...], level: int) -> Iterator[None]:
    """Walks the values in order and yields at each."""
    yield
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid_argument(
                f"JSON Value: {render_value(value)} found at incorrect level: {level + 1} "
                f"in the JSON DOM. Expected at level: {len(shape)}"
            )
        _check_leaf(value, dtype)
        return
    if level >= len(shape):
        raise invalid_argument(
            f"Encountered list at unexpected level: {level} expected < {len(shape)}"
        )
    if len(value) != shape[level]:
        raise invalid_argument(
            f"Encountered list at unexpected size: {len(value)} at level: {level} "
            f"expected size: {shape[level]}"
        )
    if level == len(shape) - 1 and _leaves_to_array(value, dtype) is not None:
        return
    for element in value:
        yield from _check(element, dtype, shape, level + 1)


def _check_leaf(value: Any, dtype: str) -> None:
    if isinstance(value, dict) and dtype == "string":
        decode_base64(value)
    elif dtype not in _WRITABLE and not isinstance(value, dict):
        raise ServingError(
            Code.UNIMPLEMENTED,
            f"Conversion of JSON Value: {render_value(value)} to type: {dtype}",
        )
    elif _leaves_to_array([value], dtype) is None:
        raise invalid_argument(
            f"JSON Value: {render_value(value)} Type: {type_of(value)} is "
            f"not of expected type: {dtype}"
        )
