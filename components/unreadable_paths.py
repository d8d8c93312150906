"""What stands in the way of reading a file, in words (standard library only)."""

import errno
import os
import stat
from collections.abc import Mapping

REASONS: Mapping[int, str] = {
    errno.ELOOP: "a link that leads back to itself",
    errno.EACCES: "no permission to read it",
    errno.ENOTDIR: "a path that leads through a file",
    errno.ENAMETOOLONG: "a name that is too long",
}
"""By the number of an operating system's error: what was received instead of a file."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def name_other_kind(path: str) -> str:
    """Returns what a path leads to, "" if that is a file.

    Raises:
      OSError: It leads to nothing that can be looked at.
    """
    mode = os.stat(path).st_mode  # noqa: PTH116 - not by opening: a pipe would wait
    return next((kind for is_kind, kind in _KINDS if is_kind(mode)), "")
