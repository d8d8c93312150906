"""What all JSON messages have in common: how TF Serving's parser reads a body, and its errors.

The parser (RapidJSON) also takes NaN and Infinity, and anything behind the first value. orjson
is strict and fast, so it goes first and the standard library's parser takes what it refuses.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from serving.errors import ServingError, invalid_argument

_SIGNATURE_KEY = "signature_name"
_DEBUG_CHARACTERS = 256
_MANY_CHARACTERS = 2**16
_ERRORS = {
    "Expecting value": "Invalid value.",
    "Expecting property name enclosed in double quotes": "Missing a name for object member.",
    "Illegal trailing comma before end of object": "Missing a name for object member.",
    "Illegal trailing comma before end of array": "Invalid value.",
    "Expecting ':' delimiter": "Missing a colon after a name of object member.",
    "Unterminated string starting at": "Missing a closing quotation mark in string.",
    "Invalid \\escape": "Invalid escape character in string.",
    "Invalid \\uXXXX escape": "Incorrect hex digit after \\u escape in string.",
    "Invalid control character at": "Invalid encoding in string.",
}


def parse_body(body: bytes) -> dict[str, Any]:
    """Returns the JSON object in `body`.

    Raises:
      ServingError: It is empty, no JSON, nested too deep, or no object.
    """
    if not body:
        raise invalid_argument("JSON Parse error: The document is empty")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = _parse_leniently(body)
    if not isinstance(document, dict):
        raise format_error(document, "Is not object")
    return document


def read_signature_name(document: Mapping[str, Any]) -> str:
    """Returns the signature that a request names, "" if it names none."""
    name = document.get(_SIGNATURE_KEY, "")
    if not isinstance(name, str):
        raise format_error(
            document, f"not formatted correctly. '{_SIGNATURE_KEY}' key must be a string value."
        )
    return name


def format_error(value: Any, problem: str) -> ServingError:
    """Returns TF Serving's error about one JSON value."""
    return invalid_argument(f"JSON Value: {render_value(value)} {problem}")


def render_error(message: str) -> bytes:
    """Returns the body of every reply that reports an error."""
    return orjson.dumps({"error": message.encode("utf-8", "replace").decode()})


def render_value(value: Any) -> str:
    """Renders a JSON value for an error message as TF Serving does, 256 characters at most."""
    text = ""
    for token in _tokens(value, 0):
        text += token[:_DEBUG_CHARACTERS]
        if len(text) >= _DEBUG_CHARACTERS:
            break
    # A lone surrogate is legal in Python's strings and in nobody else's.
    return text[:_DEBUG_CHARACTERS].encode("utf-8", "replace").decode()


def _tokens(value: Any, depth: int) -> Iterator[str]:
    """Yields objects with a line for each member, and arrays in one line."""
    if isinstance(value, dict) and value:
        indent = " " * 4 * depth
        for number, (key, member) in enumerate(value.items()):
            yield f"{',' if number else '{'}\n{indent}    {json.dumps(key, ensure_ascii=False)}: "
            yield from _tokens(member, depth + 1)
        yield f"\n{indent}}}"
    elif isinstance(value, list):
        yield "["
        for number, element in enumerate(value):
            yield ", " if number else ""
            yield from _tokens(element, depth + 1)
        yield "]"
    else:
        yield json.dumps(value, ensure_ascii=False)


def type_of(value: Any) -> str:
    """Returns RapidJSON's name of a value's type."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return str(value)
    names: dict[type, str] = {dict: "Object", list: "Array", str: "String"}
    return names.get(type(value), "Number")


def _parse_leniently(body: bytes) -> Any:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _parse_error("Invalid encoding in string.", error.start) from error
    start = len(text) - len(text.lstrip(" \t\r\n"))
    if start == len(text):
        raise _parse_error("The document is empty.", start)
    decoder = json.JSONDecoder(parse_int=_parse_int, parse_float=_parse_float)
    try:
        document, _ = decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise _parse_error(_rapidjson_message(error), error.pos) from error
    except RecursionError as error:
        raise _parse_error("The document is nested too deep.", 0) from error
    except OverflowError as error:
        raise _parse_error("Number too big to be stored in double.", 0) from error
    return document


def _parse_int(text: str) -> int | float:
    """Integers that take more than 64 bits become floating-point numbers."""
    if len(text) <= len(str(2**64)):
        value = int(text)
        if -(2**63) <= value < 2**64:
            return value
    return _parse_float(text)


def _parse_float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise OverflowError
    return value


def _rapidjson_message(error: json.JSONDecodeError) -> str:
    if error.msg == "Expecting ',' delimiter":
        if error.pos > _MANY_CHARACTERS:  # to find the bracket would take long
            return "Missing a comma or a closing bracket after an element."
        if _innermost_bracket(error.doc[: error.pos]) == "{":
            return "Missing a comma or } after an object member."
        return "Missing a comma or ] after an array element."
    return _ERRORS.get(error.msg, "Invalid value.")


def _innermost_bracket(text: str) -> str:
    """Returns the bracket that is still open at the end of `text`, which breaks off there."""
    open_brackets: list[str] = []
    in_string = escaped = False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "{[":
            open_brackets.append(character)
        elif character in "}]" and open_brackets:
            open_brackets.pop()
    return open_brackets[-1] if open_brackets else ""


def _parse_error(message: str, offset: int) -> ServingError:
    return invalid_argument(f"JSON Parse error: {message} at offset: {offset}")
