"""Finds Node and the npm packages that run an export for TF.js (standard library only)."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

# The oldest one that requirements/node/package.json allows.
_NEEDED_MAJOR = 18
_VERSION = re.compile(r"v((\d+)\.\d+\.\d+\S*)")
# Node answers in milliseconds; this is for a machine that stalls.
_TIMEOUT_SECONDS = 60
_INSTALL_NODE = (
    "install it (Debian, Ubuntu: sudo apt-get install nodejs npm; "
    "Fedora: sudo dnf install nodejs), then: make node"
)


class NodeMissingError(Exception):
    """Node or one of its packages is missing, or of a version that does not fit."""


class Node(NamedTuple):
    """What runs an export for TF.js.

    Attributes:
      program: The program `node`.
      version: Its version, such as "20.20.2".
      modules: The folder node_modules that holds TF.js' packages.
      packages: Their versions, by name.
    """

    program: Path
    version: str
    modules: Path
    packages: Mapping[str, str]


def find_node(prefix: Path = Path(sys.prefix)) -> Node:
    """Returns Node from PATH and the npm packages of an environment.

    Args:
      prefix: The environment, to which `make node` adds the packages.

    Raises:
      NodeMissingError: Node is missing, too old or broken, or the packages are not those that
        the environment should have. The message says what to do.
    """
    program = shutil.which("node")
    if program is None:
        raise NodeMissingError(
            f"expected Node {_NEEDED_MAJOR} or later on PATH, received none; {_INSTALL_NODE}"
        )
    version = _version_of(program)
    folder = prefix / "node"
    packages = _read_json(folder / "package.json").get("dependencies", {})
    differences = _differences(folder / "node_modules", packages)
    if differences:
        raise NodeMissingError(f"{folder}: {'; '.join(differences)}; add them: make node")
    return Node(Path(program), version, folder / "node_modules", packages)


def _version_of(program: str) -> str:
    """Asks Node for its version, and holds it to the oldest one that will do."""
    try:
        answer = subprocess.run(  # noqa: S603 - found on PATH
            [program, "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
        text = (answer.stdout or answer.stderr).strip() or f"exit code {answer.returncode}"
        succeeded = answer.returncode == 0
    except (OSError, subprocess.TimeoutExpired) as error:
        text, succeeded = str(error), False
    match = _VERSION.fullmatch(text)
    if not succeeded or match is None:
        raise NodeMissingError(
            f"{program} --version: expected a version such as v20.20.2, "
            f"received {text.splitlines()[0]!r}; repair or replace this Node, then: make node"
        )
    if int(match[2]) < _NEEDED_MAJOR:
        raise NodeMissingError(
            f"{program}: expected Node {_NEEDED_MAJOR} or later, received {match[1]}; "
            f"{_INSTALL_NODE}"
        )
    return match[1]


def _differences(modules: Path, wanted: Mapping[str, str]) -> list[str]:
    """Compares the packages in node_modules with those that package.json pins."""
    if not wanted:
        return ["expected the npm packages of requirements/node, received none"]
    installed = {
        name: _read_json(modules / name / "package.json").get("version") for name in wanted
    }
    return [
        f"expected {name} {version}, received {installed[name] or 'none'}"
        for name, version in wanted.items()
        if installed[name] != version
    ]


def _read_json(path: Path) -> Mapping[str, Any]:
    """Returns what a file holds; nothing where it is missing or damaged."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
