"""What people are told names keys as the configuration has them, read from the source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.config_sources import describe_keys
from support.project import PACKAGES, PROJECT

# What TFX, and who calls our components, name otherwise than the configuration does.
_NAMES_OF_TFX = {"input_base", "input_config", "output_config", "custom_config", "train_args"}


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yields the lines and texts of a file that are more than a name, and no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    for each in ast.walk(tree):
        is_text = isinstance(each, ast.Constant) and isinstance(each.value, str)
        if is_text and id(each) not in docstrings and " " in each.value:
            yield each.lineno, each.value


def test_a_key_is_named_with_its_section():
    keys = (key.rpartition(".") for key in describe_keys())
    names = {name for section, _, name in keys if section and "_" in name}
    bare = re.compile(rf"(?<![\w.-])({'|'.join(sorted(names | _NAMES_OF_TFX))})(?!\w)")
    found = [
        f"{path.relative_to(PROJECT)}:{line} names {match[0]}"
        for package in set(PACKAGES) - {"serving"}  # which serves any model
        for path in sorted((PROJECT / package).rglob("*.py"))
        for line, text in _texts(path)
        if (match := bare.search(text))
    ]

    assert found == [], "whoever reads it looks for a key that there is not"
