"""The source files of examples, as IdxExampleGen notes them (standard library only)."""

from collections.abc import Mapping

_PREFIX = "source_"


def source_files(properties: Mapping[str, str]) -> dict[str, str]:
    """Returns the SHA-256 of each source file, by its name.

    Args:
      properties: String properties of an Examples artifact; one that is named `source_...` holds
        a file's line for `sha256sum --check`.
    """
    lines = sorted(value for key, value in properties.items() if key.startswith(_PREFIX))
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
