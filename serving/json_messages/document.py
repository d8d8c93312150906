"""What all JSON messages have in common: how a body is read, and what an error shows of a value.

orjson is strict and fast, so it goes first, and the lenient reader takes what it refuses.
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from serving.errors import ServingError, invalid_argument
from serving.json_messages.lenient_reader import read_leniently

_SIGNATURE_KEY = "signature_name"
_DEBUG_CHARACTERS = 256
_KEY_ENDS = re.compile(rb'"[ \t\n\r]*:')


def parse_body(body: bytes) -> dict[str, Any]:
    """Returns the JSON object in `body`.

    Raises:
      ServingError: It is empty, no JSON, nested too deep, or no object.
    """
    if not body:
        raise invalid_argument("JSON Parse error: The document is empty")
    text = body.removeprefix(codecs.BOM_UTF8)
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        document = read_leniently(body)
    else:
        # Of a key that occurs twice orjson has kept the last value, RapidJSON finds the first.
        if isinstance(document, dict) and _may_repeat_keys(text, document):
            document = read_leniently(body)
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


def _may_repeat_keys(text: bytes, document: dict[str, Any]) -> bool:
    """Returns False if no object in the document has a key twice, which is quickly seen."""
    if text.count(b":") == len(document):
        return False
    # In a string there may be what looks like the end of a key; then there seem to be more.
    return len(_KEY_ENDS.findall(text)) != _count_members(document)


def _count_members(document: dict[str, Any]) -> int:
    count = 0
    containers: list[Any] = [document]
    while containers:
        container = containers.pop()
        values = container
        if isinstance(container, dict):
            count += len(container)
            values = container.values()
        types = set(map(type, values))
        if types & {list, dict}:
            containers += [value for value in values if isinstance(value, list | dict)]
    return count
