"""What all JSON messages have in common: how a body is read, and what an error shows of a value.

orjson is strict and fast, so it goes first, and the lenient reader takes what it refuses.
"""

import codecs
import gc
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from serving.errors import ServingError, invalid_argument
from serving.json_messages.bounds import UNBOUNDED, Bounds
from serving.json_messages.lenient_reader import read_leniently

_SIGNATURE_KEY = "signature_name"
_DEBUG_CHARACTERS = 256
_KEY_ENDS = re.compile(rb'"[ \t\n\r]*:')


def parse_body(body: bytes, bounds: Bounds = UNBOUNDED) -> dict[str, Any]:
    """Returns the JSON object in `body`.

    Raises:
      ServingError: It is empty, no JSON, nested too deep, no object, or out of bounds.
    """
    bounds.check_time()
    if not body:
        raise invalid_argument("JSON Parse error: The document is empty")
    text = body.removeprefix(codecs.BOM_UTF8)
    try:
        document = _read_at_once(text)
    except orjson.JSONDecodeError:
        document = read_leniently(body, bounds)
    else:
        # Of a key that occurs twice orjson has kept the last value, RapidJSON finds the first.
        if isinstance(document, dict) and _may_repeat_keys(text, document, bounds):
            document = read_leniently(body, bounds)
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
            yield f"{',' if number else '{'}\n{indent}    {_quote(key)}: "
            yield from _tokens(member, depth + 1)
        yield f"\n{indent}}}"
    elif isinstance(value, list):
        yield "["
        for number, element in enumerate(value):
            yield ", " if number else ""
            yield from _tokens(element, depth + 1)
        yield "]"
    else:
        yield _quote(value) if isinstance(value, str) else json.dumps(value)


def _quote(text: str) -> str:
    """Renders a text, of which never more is shown than what is looked at here."""
    return json.dumps(text[:_DEBUG_CHARACTERS], ensure_ascii=False)


def type_of(value: Any) -> str:
    """Returns RapidJSON's name of a value's type."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return str(value)
    names: dict[type, str] = {dict: "Object", list: "Array", str: "String"}
    return names.get(type(value), "Number")


def _read_at_once(text: bytes) -> Any:
    """Returns what orjson reads, during which no other thread runs.

    Nor does Python's collector, which would look through all lists again whenever there are some
    more of them: for millions of lists that takes ten times as long as to make them.
    """
    if not gc.isenabled():
        return orjson.loads(text)
    gc.disable()
    try:
        return orjson.loads(text)
    finally:
        gc.enable()


def _may_repeat_keys(text: bytes, document: dict[str, Any], bounds: Bounds) -> bool:
    """Returns False if no object in the document has a key twice, which is quickly seen."""
    if text.count(b":") == len(document):
        return False
    # In a string there may be what looks like the end of a key; then there seem to be more.
    return len(_KEY_ENDS.findall(text)) != _count_members(document, bounds)


def _count_members(document: dict[str, Any], bounds: Bounds) -> int:
    count = 0
    containers: list[Any] = [document]
    for container in bounds.paced(containers):
        values = container
        if isinstance(container, dict):
            count += len(container)
            values = container.values()
        types = set(map(type, values))
        if types & {list, dict}:
            containers += [value for value in values if isinstance(value, list | dict)]
    return count
