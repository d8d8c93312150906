"""The digest of user code, so that TFX's cache sees an edit of it (standard library only).

TFX names user code by dotted path and hashes only that name into a node's cache key
(tensorflow/tfx#2247): an edited module would otherwise reuse the output of the old one.
"""

import ast
import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path

_PROJECT_PACKAGES = ("components", "modules")


def code_digest(*modules: str, files: Sequence[Path] = ()) -> str:
    """Digests the source of `modules` and of every project module that they import.

    Args:
        modules: Dotted names, e.g. "modules.trainer".
        files: Sources in other languages.

    Returns:
        16 hexadecimal digits that change when any of those files changes, and only then.

    Raises:
        ModuleNotFoundError: One of `modules` is not importable.
    """
    digest = hashlib.sha256()
    sources = _sources(modules) | {path.name: path.read_bytes() for path in files}
    for name, source in sorted(sources.items()):
        digest.update(name.encode() + b"\0" + source + b"\0")
    return digest.hexdigest()[:16]


def _sources(modules: Sequence[str]) -> dict[str, bytes]:
    """Returns the source of `modules` and their project imports, transitively, by name."""
    sources: dict[str, bytes] = {}
    waiting = [*modules]
    while waiting:
        name = waiting.pop()
        if name in sources:
            continue
        path = _source_path(name)
        if path is None:
            raise ModuleNotFoundError(
                f"{name}: no such module; needed for the digest of {', '.join(modules)}"
            )
        sources[name] = path.read_bytes()
        waiting += [
            imported for imported in _imported_names(sources[name], path) if _source_path(imported)
        ]
    return sources


def _imported_names(source: bytes, path: Path) -> set[str]:
    """Returns every dotted name that `source` may import; some may be attributes, not modules."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source, path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _source_path(name: str) -> Path | None:
    """Returns the file of a project module, None if `name` is no module of the project.

    Looks for the file itself: `importlib.util.find_spec` would import the module's parents.
    """
    package, *parts = name.split(".")
    spec = importlib.util.find_spec(package) if package in _PROJECT_PACKAGES else None
    if spec is None or not spec.origin:
        return None
    stem = Path(spec.origin).parent.joinpath(*parts)
    candidates = (stem.with_suffix(".py"), stem / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)
