"""Opens files that somebody named, or says in words why not."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from components.unreadable_paths import REASONS, name_other_kind
from serving.client.pictures.errors import PictureError

_REASONS = {
    **REASONS,
    errno.ENOENT: "nothing: there is no such file, or it is a link to nothing",
    errno.EPERM: REASONS[errno.EACCES],
}


@contextmanager
def open_file(path: str) -> Iterator[BinaryIO]:
    """Opens a file within the block.

    Raises:
      PictureError: It can't be read, or is a folder, a pipe or a device, which might never end.
    """
    name = make_visible(path) or "the empty name"
    try:
        if kind := name_other_kind(path):
            raise PictureError(f"{name}: expected a file, received {kind}")
        with open(path, "rb") as stream:  # noqa: PTH123 - Path takes "" for the current folder
            yield stream
    except OSError as error:
        raise PictureError(f"{name}: expected a file, received {describe(error)}") from error


def describe(error: OSError) -> str:
    """Returns what an operating system's error means for who named the file."""
    return _REASONS.get(error.errno or 0, error.strerror or str(error))


def make_visible(name: str) -> str:
    """Returns a name on one line that any terminal can show."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in name)
