"""Finds the files of a checkout that a wheel of the project has as well (standard library only)."""

import os
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

_DISTRIBUTION = "tfx-mnist"
# Where setup.py puts them, below the environment's own folder.
_SHARE = "/share/tfx-mnist/"


def find_file(path: str) -> str:
    """Returns where a file is: in the current folder or, if that has none, in the installed wheel.

    Args:
      path: In a checkout: data/schema/schema.pbtxt, or another that setup.py names.

    Returns:
      An absolute path; in the current folder if neither has it.
    """
    here = os.path.abspath(path)  # noqa: PTH100 - as the configuration makes other paths absolute
    if os.path.exists(here):  # noqa: PTH110 - likewise
        return here
    installed = os.path.join(installed_folder() or "", path)  # noqa: PTH118 - likewise
    return installed if os.path.isabs(installed) and os.path.exists(installed) else here  # noqa: PTH110, PTH117 - likewise


def installed_folder() -> str | None:
    """Returns the folder in which the installed wheel has its part of a checkout, if it has one."""
    try:
        installed = files(_DISTRIBUTION) or ()
    except PackageNotFoundError:
        return None
    for file in installed:
        if _SHARE in f"/{file.as_posix()}":
            folder, share, _ = str(Path(file.locate()).resolve()).rpartition(_SHARE)
            return f"{folder}{share}".rstrip("/")
    return None
