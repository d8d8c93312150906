"""Finds the files of a checkout that a wheel of the project has as well (standard library only)."""

import os
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, PackagePath, files
from pathlib import Path

_DISTRIBUTION = "tfx-mnist"
# Where setup.py puts them, below the environment's own folder.
_SHARE = "share/tfx-mnist"


def find_file(path: str) -> str:
    """Returns where a file is: in the current folder or, if that has none, in the installed wheel.

    Args:
      path: In a checkout, e.g. "data/schema/schema.pbtxt".

    Returns:
      An absolute path; in the current folder if the file is nowhere.
    """
    here = os.path.abspath(path)  # noqa: PTH100 - as the configuration makes other paths absolute
    if os.path.exists(here):  # noqa: PTH110 - likewise
        return here
    suffix = f"/{_SHARE}/{path}"
    installed = (file for file in _installed() if f"/{file.as_posix()}".endswith(suffix))
    return next((str(Path(file.locate()).resolve()) for file in installed), here)


def _installed() -> Iterable[PackagePath]:
    try:
        return files(_DISTRIBUTION) or ()
    except PackageNotFoundError:
        return ()
