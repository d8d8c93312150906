"""The digest of user code, so that TFX's cache sees an edit of it (standard library only).

TFX names user code by dotted path and hashes only that name into a node's cache key
(tensorflow/tfx#2247): an edited module would otherwise reuse the output of the old one.
"""

import ast
import hashlib
import importlib.util
from pathlib import Path

_PROJECT_PACKAGES = ("components", "modules")


def code_digest(module: str) -> str:
    """Digests the source of `module` and of every project module that it imports.

    Args:
        module: Dotted name, e.g. "modules.trainer".

    Returns:
        16 hexadecimal digits that change when any of those files changes, and only then.

    Raises:
        ModuleNotFoundError: `module` is not importable.
    """
    digest = hashlib.sha256()
    for name, source in sorted(_sources(module).items()):
        digest.update(name.encode() + b"\0" + source + b"\0")
    return digest.hexdigest()[:16]


def _sources(module: str) -> dict[str, bytes]:
    """Returns the source of `module` and its project imports, transitively, by name."""
    sources: dict[str, bytes] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in sources:
            continue
        path = _source_path(name)
        if path is None:
            raise ModuleNotFoundError(f"{name}: no such module; needed for the digest of {module}")
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
