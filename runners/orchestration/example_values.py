"""Finds the values of the examples in deploy/ that nobody has replaced (standard library only)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_EXAMPLES = re.compile(
    # Hosts that are nobody's: https://www.rfc-editor.org/rfc/rfc2606#section-3
    r"(^|[/=])([\w-]+\.)*example\.(com|net|org)([:/]|$)"
    # As Google calls a project or a bucket that its readers are to fill in: alone, as the host of
    # a URL, or behind the registry of an image.
    r"|(^|=)(gs://|[\w.-]+/)?my-(project|bucket)(/|$)"
)


def find_example_values(content: Any) -> list[str]:
    """Returns the images, buckets and the like that are an example's, each once.

    Args:
      content: Text, lists and mappings, nested. Texts with blanks are prose, and left alone as
        paths are: a folder of anybody's may be called so.
    """
    return list(dict.fromkeys(text for text in _texts(content) if _EXAMPLES.search(text)))


def describe_example_values(values: list[str]) -> str:
    """Returns a sentence on what is to be done about them, and a line for each."""
    return "\n  ".join(
        [
            "replace the examples' values in settings, configuration and options, and compile:",
            *values,
        ]
    )


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, Mapping):
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from _texts(value)
    elif isinstance(content, str) and not re.search(r"^/|\s", content):
        yield content
