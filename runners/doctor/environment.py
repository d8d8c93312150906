"""The doctor's look at the environment: Python, the C library and the installed packages."""

import importlib
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from runners.doctor.finding import Finding, Severity

# What setup.py's python_requires says, and the version that the project is developed with.
_SUPPORTED_PYTHONS = ((3, 11), (3, 13))
_KUBEFLOW_PYTHON = (3, 11)
# The manylinux_2_39 wheels of ml-metadata 1.21 and tensorflow-data-validation 1.21.
_NEEDED_GLIBC = Version("2.39")
_LOCKED = re.compile(r"^[a-z0-9][a-z0-9.-]*==[^\\]+", re.MULTILINE)
_REBUILD = "requirements/install.sh pipeline"


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Compares the running Python with the versions that TFX has wheels for.

    Args:
      version: Major and minor version to judge.
    """
    first, last = _SUPPORTED_PYTHONS
    found = f"{version[0]}.{version[1]} at {sys.executable}"
    if not first <= version <= last:
        return Finding(
            "Python",
            Severity.FIX,
            found,
            "TFX 1.21 needs Python 3.11 to 3.13: make clean; PYTHON=/path/to/python3.11 make run",
        )
    if version > _KUBEFLOW_PYTHON:
        return Finding(
            "Python",
            Severity.NOTE,
            found,
            "TFX installs kfp, the Kubeflow compiler, on 3.11 only; the local runner needs none",
        )
    return Finding("Python", Severity.OK, found)


def check_glibc() -> Finding:
    """Compares the C library that this process runs on with what the TFX wheels need."""
    own = _glibc_version(os.confstr("CS_GNU_LIBC_VERSION") or "")
    host = _glibc_version(_output_of("getconf", "GNU_LIBC_VERSION"))
    if own is None or own < _NEEDED_GLIBC:
        return Finding(
            "glibc",
            Severity.FIX,
            str(own or "none"),
            f"the TFX wheels need {_NEEDED_GLIBC}: {_REBUILD} gives the environment its own",
        )
    if host is not None and host != own:
        return Finding("glibc", Severity.OK, f"{own}, this environment's own (host: {host})")
    return Finding("glibc", Severity.OK, f"{own}, the host's")


def check_versions(lock_file: Path) -> Finding:
    """Compares the installed distributions with a lock file.

    Args:
      lock_file: Lines `name==version ; marker`, as `make lock` writes them.
    """
    if not lock_file.exists():
        return Finding(
            "versions",
            Severity.NOTE,
            f"no {lock_file.name} beside the package to compare with",
            "the lock files are in the project's folder, not in its wheel",
        )
    locked = _read_lock(lock_file)
    installed: dict[str, str] = {}
    for distribution in metadata.distributions():
        # The first one is imported; setuptools adds its own copies of some at the end of the path.
        installed.setdefault(canonicalize_name(distribution.name), distribution.version)
    differences = [
        f"{name} {installed.get(name, 'is missing')}, locked {version}"
        for name, version in locked.items()
        if installed.get(name) != version
    ]
    if differences:
        return Finding("versions", Severity.FIX, "\n".join(differences), _REBUILD)
    return Finding("versions", Severity.OK, f"all {len(locked)} packages as {lock_file.name} says")


def check_tensorboard() -> Finding:
    """Imports what Keras' TensorBoard callback imports; it does not load TensorFlow."""
    try:
        importlib.import_module("tensorboard.summary")
    except ImportError as error:
        return Finding(
            "TensorBoard",
            Severity.FIX,
            f"cannot be imported: {error}",
            f"Keras' callback crashes without it: {_REBUILD}",
        )
    return Finding("TensorBoard", Severity.OK, metadata.version("tensorboard"))


def _read_lock(lock_file: Path) -> dict[NormalizedName, str]:
    """Returns name to version of the packages that the lock means for this platform."""
    requirements = (Requirement(line) for line in _LOCKED.findall(lock_file.read_text()))
    return {
        canonicalize_name(requirement.name): next(iter(requirement.specifier)).version
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate()
    }


def _glibc_version(text: str) -> Version | None:
    """Reads "glibc 2.41"."""
    return Version(text.split()[1]) if text.startswith("glibc ") else None


def _output_of(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - constant commands
    except OSError:
        return ""
