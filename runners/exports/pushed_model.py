"""A pushed model as its record says it is, kept from the pushes of others (standard library only).

A push removes the oldest versions at any moment, and a converter would take what is missing then
for a fault of the model.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.versioned_directory.model_files import digest_files
from components.versioned_directory.versions import Version


class PushedModelError(RuntimeError):
    """A version's model cannot be used; the message says why."""


@contextmanager
def copy_model(version: Version) -> Iterator[Path]:
    """Yields a copy of a version's folder, which is there within the block.

    Raises:
      PushedModelError: The version has other files than those that were pushed, it is no
        SavedModel, or it cannot be copied.
    """
    record = version.record  # before it can vanish with the version
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "model"
        try:
            shutil.copytree(version.path, copy)
            files = digest_files(copy)
        except OSError as error:
            raise PushedModelError(
                f"{version.path}: cannot be copied to {scratch}: {error}. See to the space there; "
                "or if a push has just removed the version, choose another one (tfx-mnist models)."
            ) from error
        if record and files != record.files:
            paths = {path for path, _ in record.files.items() ^ files.items()}
            raise PushedModelError(
                f"{version.path}: expected the files that were pushed, received others: "
                f"{', '.join(sorted(paths))}. Choose another version (tfx-mnist models)."
            )
        if "saved_model.pb" not in files:
            raise PushedModelError(
                f"{version.path}: expected a SavedModel, received no saved_model.pb. Choose "
                "another version (tfx-mnist models)."
            )
        yield copy
