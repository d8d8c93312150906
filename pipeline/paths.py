"""Paths in the configuration: absolute, and without what patterns are made of (no TensorFlow)."""

import os
from typing import Annotated

from pydantic import AfterValidator, Field

from pipeline.installed_files import find_file


def absolute(path: str) -> str:
    """Makes a local path absolute, for nodes that run elsewhere; leaves gs:// and the like."""
    return path if "://" in path else os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 - Path() would fold "gs://"


def here_or_installed(path: str) -> str:
    """Makes a path absolute; what is not here is looked for where the project is installed."""
    return find_file(path) if "://" not in path and path[0] not in "~/" else absolute(path)


# Of nothing at all, the working directory would be made.
LocalOrRemotePath = Annotated[str, Field(min_length=1), AfterValidator(absolute)]
InstalledPath = Annotated[str, Field(min_length=1), AfterValidator(here_or_installed)]


def without_wildcards(path: str) -> str:
    """Refuses a folder below which TFX, Beam and TensorFlow find files by patterns: none would be.

    TensorFlow so finds the variables of any SavedModel, in a model server too.

    Raises:
      ValueError: There are such signs in the path.
    """
    wildcards = [sign for sign in "*?[\\" if sign in path]
    if wildcards:
        raise ValueError(
            f"expected a path without {' '.join(wildcards)}, since TensorFlow and TFX find "
            "what is below by patterns, in which that stands for other signs"
        )
    return path


RootPath = Annotated[
    LocalOrRemotePath, AfterValidator(without_wildcards), Field(validate_default=True)
]
