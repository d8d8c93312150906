"""The JSON of TF Serving's predict API: requests to arrays, arrays to replies.

Rules and texts are those of util/json_tensor.cc.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

import orjson

from serving.errors import invalid_argument
from serving.json_messages import tensors
from serving.json_messages.bounds import UNBOUNDED, Bounds
from serving.json_messages.document import format_error, parse_body, read_signature_name
from serving.json_messages.non_finite import dump_with_nan, is_finite
from serving.json_messages.rows import is_named, parse_rows
from serving.tensors import (
    DEFAULT_SIGNATURE,
    Array,
    Arrays,
    Signature,
    TensorSpec,
    check_num_values,
)

_INSTANCES_KEY = "instances"
_INPUTS_KEY = "inputs"


class Format(Enum):
    """How a request lists its values, and its reply likewise."""

    ROW = "predictions"
    COLUMN = "outputs"


class PredictRequest(NamedTuple):
    """What a predict request asks for."""

    signature_name: str
    format: Format
    inputs: dict[str, Array]


def parse_predict_request(
    body: bytes, find_signature: Callable[[str], Signature], bounds: Bounds = UNBOUNDED
) -> PredictRequest:
    """Reads the body of POST .../NAME:predict.

    Args:
      body: The JSON text.
      find_signature: Returns the signature of a name, or raises `ServingError`.
      bounds: Values are counted before arrays are made of them.

    Raises:
      ServingError: The body is not what the signature takes, or out of bounds.
    """
    document = parse_body(body, bounds)
    signature_name = read_signature_name(document)
    signature = find_signature(signature_name or DEFAULT_SIGNATURE)
    if not signature.inputs:
        raise invalid_argument(
            f"Failed to get input map for signature: {signature_name or 'DEFAULT'}"
        )
    if _INSTANCES_KEY in document and _INPUTS_KEY in document:
        raise format_error(
            document,
            f"Not formatted correctly expecting only one of '{_INPUTS_KEY}' or "
            f"'{_INSTANCES_KEY}' keys to exist ",
        )
    # With fewer commas there can't be more, and need not be counted.
    if body.count(b",") >= bounds.max_values:
        check_num_values(_count_values(document, bounds), bounds.max_values)
    if _INSTANCES_KEY in document:
        inputs, form = _parse_rows(document, signature.inputs, bounds), Format.ROW
    elif _INPUTS_KEY in document:
        inputs = _parse_columns(document[_INPUTS_KEY], signature.inputs, bounds)
        form = Format.COLUMN
    else:
        raise invalid_argument(f"Missing '{_INPUTS_KEY}' or '{_INSTANCES_KEY}' key")
    return PredictRequest(signature_name or DEFAULT_SIGNATURE, form, inputs)


def render_predict_reply(outputs: Arrays, form: Format, bounds: Bounds = UNBOUNDED) -> bytes:
    """Returns the body of a predict reply.

    A lone output goes without its name. Not-a-number and infinity are written as NaN and
    Infinity, as TF Serving does, though JSON has no such words.

    Raises:
      ServingError: An output has no form in JSON; in row format also: no rows, or other than
        its siblings. Or it takes too long.
    """
    if not outputs:
        raise invalid_argument("Cannot convert empty tensor map to JSON")
    if form is Format.ROW:
        _check_rows(outputs)
    values = {
        name: tensors.array_to_json(name, array, bounds) for name, array in sorted(outputs.items())
    }
    if len(values) == 1:
        [content] = values.values()
    elif form is Format.COLUMN:
        content = values
    else:
        rows = zip(*values.values(), strict=True)
        content = [dict(zip(values, row, strict=True)) for row in bounds.paced(rows)]
    reply = {form.value: content}
    if all(is_finite(array) for array in outputs.values()):
        return orjson.dumps(reply, option=orjson.OPT_SERIALIZE_NUMPY)
    return dump_with_nan(reply, bounds)


def _count_values(document: Mapping[str, Any], bounds: Bounds) -> int:
    """Returns how many numbers and strings are in the rows or columns."""
    content = document.get(_INSTANCES_KEY, document.get(_INPUTS_KEY))
    parts = content if isinstance(content, list) else [content]
    return sum(
        tensors.count_values(list(part.values()) if is_named(part) else part, bounds)
        for part in bounds.paced(parts)
    )


def _parse_rows(
    document: Mapping[str, Any], specs: Mapping[str, TensorSpec], bounds: Bounds
) -> dict[str, Array]:
    rows = document[_INSTANCES_KEY]
    if not isinstance(rows, list):
        raise format_error(document, f"Expecting '{_INSTANCES_KEY}' to be an list/array")
    if not rows:
        raise format_error(document, f"No values in '{_INSTANCES_KEY}' array")
    if len(specs) > 1 and not isinstance(rows[0], dict):
        raise invalid_argument(
            "instances is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map"
        )
    return parse_rows(rows, specs, bounds)


def _parse_columns(value: Any, specs: Mapping[str, TensorSpec], bounds: Bounds) -> dict[str, Array]:
    if not is_named(value):
        if len(specs) > 1:
            raise invalid_argument(
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                "required as per tensorinfo_map"
            )
        [(name, spec)] = specs.items()
        return {name: tensors.parse_tensor(value, spec.dtype, bounds)}
    for name in sorted(specs):
        if name not in value:
            raise invalid_argument(f"Missing named input: {name} in 'inputs' object.")
    return {
        name: tensors.parse_tensor(value[name], spec.dtype, bounds) for name, spec in specs.items()
    }


def _check_rows(outputs: Arrays) -> None:
    num_rows = None
    for name, array in sorted(outputs.items()):
        if array.ndim == 0:
            raise invalid_argument(f"Tensor name: {name} has no shape information ")
        if num_rows is not None and len(array) != num_rows:
            raise invalid_argument(
                f"Tensor name: {name} has inconsistent batch size: {len(array)} "
                f"expecting: {num_rows}"
            )
        num_rows = len(array)
