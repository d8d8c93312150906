"""The console that commands write to: a terminal, or whatever a shell puts in its place."""

import io
import os
import re
import sys
from typing import Any, TextIO, cast

from rich.console import Console

_NEVER_BREAKS = 10_000
_TRAILING_BLANKS = re.compile(r"[ \t]+$", re.MULTILINE)


def make_console(file: TextIO | None = None, *, soft_wrap: bool = False) -> Console:
    """Returns a console that takes text as it is.

    What a file or a pipe gets is for programs, too: no line is broken, unless COLUMNS says where,
    and none ends in the blanks that fill a table.

    Args:
      file: Where to write; standard output by default.
      soft_wrap: Have the terminal break lines, so that a path can be copied whole.
    """
    target = file or sys.stdout or io.StringIO()  # nobody reads what is closed
    if target.isatty():
        return Console(file=target, markup=False, highlight=False, soft_wrap=soft_wrap)
    return Console(
        file=cast("TextIO", _WithoutTrailingBlanks(target)),
        width=None if "COLUMNS" in os.environ else _NEVER_BREAKS,
        markup=False,
        highlight=False,
        soft_wrap=soft_wrap,
    )


class _WithoutTrailingBlanks:
    """A text file that whole lines are written to; all but that is the file's own."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return self._file.write(_TRAILING_BLANKS.sub("", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
