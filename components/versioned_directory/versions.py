"""The versioned directory that a model server watches, as a value (standard library only).

TF Serving takes each child whose name is a number for a version, serves the highest unless told
otherwise, and ignores all other names: what is staged or on its way out has a hidden name.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from components.versioned_directory.model_files import digest_files, digest_model, size_in_bytes
from components.versioned_directory.push_record import PushRecord, read_record

_NUMBER = re.compile("[0-9]+")
_HIGHEST_NUMBER = 2**63 - 1  # TF Serving ignores a number that an int64 does not hold


class PushError(RuntimeError):
    """A version was not made; the message says why, what stands now and what to do."""


@dataclass(frozen=True)
class Version:
    """A folder in a versioned directory, with a whole model in it."""

    number: int
    path: Path

    @cached_property
    def record(self) -> PushRecord | None:
        """What the version says of itself; None if something else than a push made it."""
        return read_record(self.path)

    @cached_property
    def model_digest(self) -> str:
        """One SHA-256 for the model's files, as recorded or else as they are."""
        if self.record:
            return self.record.model_digest
        return digest_model(digest_files(self.path))

    @cached_property
    def first_number(self) -> int:
        """The number under which this model was pushed; differs after a rollback."""
        return self.record.copy_of or self.number if self.record else self.number

    @cached_property
    def num_bytes(self) -> int:
        """Sum of the sizes of the model's files."""
        return size_in_bytes(self.path)


def parse_number(name: str) -> int | None:
    """Returns the version that a folder's name stands for, None if it stands for none."""
    if not _NUMBER.fullmatch(name) or int(name) > _HIGHEST_NUMBER:
        return None
    return int(name)


def list_versions(directory: Path) -> list[Version]:
    """Returns the versions in `directory`, oldest first; none if there is no such directory.

    Raises:
      OSError: `directory` is a file, or cannot be read.
    """
    try:
        names = os.listdir(directory)  # noqa: PTH208 - paths would have to be taken apart again
    except FileNotFoundError:
        return []
    numbers = {name: parse_number(name) for name in names}
    versions = [
        Version(number, directory / name) for name, number in numbers.items() if number is not None
    ]
    return sorted(
        (version for version in versions if version.path.is_dir()),
        key=lambda version: version.number,
    )


def next_number(highest: int | None, now: float) -> int:
    """Returns a version number above `highest`: the time, unless the clock stands behind.

    Args:
      highest: The highest number that is taken, None if none is.
      now: Seconds since 1970.
    """
    return max(int(now), (highest or 0) + 1)


def version_before(versions: Sequence[Version]) -> Version | None:
    """Returns the version to which a rollback goes from the last of `versions`.

    It is the newest other model that was pushed before the served one. Where the served version
    is itself a rollback's, that counts from the version that it is a copy of: a second rollback
    goes further back, and not forward to the model that the first one withdrew.
    """
    served = versions[-1]
    older = [version for version in versions if version.number < served.first_number]
    others = (version for version in older if version.model_digest != served.model_digest)
    return max(others, key=lambda version: version.number, default=None)
