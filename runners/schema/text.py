"""Changes a contract's text where its content changes; comments stay (no TensorFlow)."""

import re
from collections.abc import Iterator
from typing import Any

from google.protobuf import text_format
from tensorflow_metadata.proto.v0.schema_pb2 import Schema

from runners.schema.proposal import ElementKey, named_elements

# Strings and comments come first, so that a brace within one of them is none.
_TOKEN = re.compile(
    r""" "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | \#[^\n]*
    | (?P<open> (?:\w+\s*:?\s*)? \{ ) | (?P<close> \} ) """,
    re.VERBOSE,
)


def parse_schema(text: str) -> Schema:
    """Returns the schema in `text`.

    Raises:
      google.protobuf.text_format.ParseError: It is none; the message names line and column.
    """
    schema: Schema = text_format.Parse(text, Schema())
    return schema


def rewrite_schema(text: str, schema: Schema) -> str:
    """Returns `text`, changed to hold `schema`.

    A feature or domain that stays as it was keeps its text; one that changes is written anew
    below the comment above it; one that goes takes that comment along.
    """
    waiting = named_elements(schema)
    parts = []
    end = 0
    for start, stop in _find_blocks(text):
        leading, block = text[end:start], text[start:stop]
        end = stop
        for key, element in named_elements(parse_schema(block)).items():
            wanted = waiting.pop(key, None)
            if wanted is None:
                leading, block = leading[: leading.rfind("\n\n") + 1], ""
            elif wanted != element:
                block = _render(key, wanted, like=block)
        parts += [leading, block]
    parts.append(text[end:])
    parts += [f"\n{_render(key, element)}\n" for key, element in waiting.items()]
    rewritten = "".join(parts).lstrip("\n")
    # The text format knows spellings that the above does not; the content is what counts.
    return rewritten if _holds(rewritten, schema) else text_format.MessageToString(schema)


def _find_blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yields where each outermost `field { ... }` starts and stops."""
    depth = start = 0
    for token in _TOKEN.finditer(text):
        if token["open"]:
            start = start if depth else token.start()
            depth += 1
        elif token["close"]:
            depth -= 1
            if not depth:
                yield start, token.end()


def _render(key: ElementKey, element: Any, *, like: str = "") -> str:
    """Returns the text of `element`, a line for each field, in the order that `like` has them."""

    def position(field: Any) -> int:
        found = re.search(rf"\b{field.name}\b", like)
        return found.start() if found else len(like)

    fields = sorted((field for field, _ in element.ListFields()), key=position)
    lines = [f"  {_render_field(element, field)}" for field in fields]
    return "\n".join([f"{key[0]} {{", *lines, "}"])


def _render_field(element: Any, field: Any) -> str:
    alone = type(element)()
    alone.CopyFrom(element)
    for other, _ in element.ListFields():
        if other is not field:
            alone.ClearField(other.name)
    text: str = text_format.MessageToString(alone, as_one_line=not field.is_repeated)
    return text.strip().replace("\n", "\n  ")


def _holds(text: str, schema: Schema) -> bool:
    try:
        return bool(parse_schema(text) == schema)
    except text_format.ParseError:
        return False
