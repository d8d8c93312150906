"""The doctor's look at Node and its packages, in which exports for TF.js are proven."""

import sys
from pathlib import Path

from components.model_exporter.proof.node import NodeMissingError, find_node
from runners.doctor.finding import Finding, Severity


def check_node(lock_file: Path, *, is_needed: bool, prefix: Path = Path(sys.prefix)) -> Finding:
    """Looks for Node on PATH and for TF.js' packages in the environment.

    Args:
      lock_file: package-lock.json, which the packages should come from; not there where the
        project is installed from its wheel.
      is_needed: Whether the configuration asks for an export for TF.js.
      prefix: The environment.
    """
    try:
        node = find_node(prefix)
        if lock_file.exists():
            _check_lock(prefix / "node" / lock_file.name, lock_file)
    except NodeMissingError as error:
        if is_needed:
            return Finding("Node", Severity.FIX, str(error), "or take tfjs out of `exports`")
        return Finding("Node", Severity.NOTE, str(error), "only an export for TF.js needs it")
    return Finding("Node", Severity.OK, f"{node.version} at {node.program}, with TF.js")


def _check_lock(installed: Path, lock_file: Path) -> None:
    """Compares what was installed with what is locked now, down to packages of packages."""
    if not installed.is_file():
        received = "no such file"
    elif installed.read_bytes() != lock_file.read_bytes():
        received = "others"
    else:
        return
    raise NodeMissingError(
        f"{installed}: expected the packages that {lock_file} locks, received {received}; "
        "install them: make node"
    )
