"""Opens files that somebody named, or says in words why not (standard library only)."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from serving.client.pictures.errors import PictureError

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_REASONS = {
    errno.ENOENT: "nothing: there is no such file, or it is a link to nothing",
    errno.ELOOP: "a link that leads back to itself",
    errno.EACCES: "no permission to read it",
    errno.EPERM: "no permission to read it",
    errno.ENOTDIR: "a path that leads through a file",
    errno.ENAMETOOLONG: "a name that is too long",
}


@contextmanager
def open_file(path: str) -> Iterator[BinaryIO]:
    """Opens a file within the block.

    Raises:
      PictureError: It can't be read, or is a folder, a pipe or a device, which might never end.
    """
    name = make_visible(path) or "the empty name"
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - not by opening: a pipe would wait
        for is_kind, kind in _KINDS:
            if is_kind(mode):
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
